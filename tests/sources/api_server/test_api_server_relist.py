"""What is told after the history is gone: what differs, and nothing twice."""

import asyncio

from sources.api_server.records import position_key
from tests.sources.api_server.cluster import Cluster, begin, data_of, told
from tests.sources.inside import Inside


async def test_after_a_compaction_only_what_differs_is_told(
    inside: Inside, cluster: Cluster
) -> None:
    await cluster.create_all(["kept", "changed", "removed"])
    await begin(inside, cluster.spec())
    await inside.until_stored(3)
    await inside.stop()

    await cluster.change("changed", size="2")
    await cluster.delete("removed")
    await cluster.create("new")
    await cluster.compact()
    await begin(inside, cluster.spec())

    expected = [("update", "changed"), ("add", "new"), ("delete", "removed")]
    assert told(await inside.until_stored(6))[3:] == expected


async def test_an_unseen_delete_tells_what_was_known(inside: Inside, cluster: Cluster) -> None:
    uid = await cluster.create("removed", data={"size": "1"})
    await begin(inside, cluster.spec())
    added = data_of((await inside.until_stored(1))[0].event)
    await inside.stop()

    await cluster.delete("removed")
    await cluster.compact()
    await begin(inside, cluster.spec())

    found = data_of((await inside.until_stored(2))[1].event)
    assert found == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "removed",
            "namespace": cluster.namespace,
            "uid": uid,
            "resourceVersion": added["metadata"]["resourceVersion"],
        },
    }


async def test_another_object_of_the_same_name_is_a_delete_and_an_add(
    inside: Inside, cluster: Cluster
) -> None:
    await cluster.create("web")
    await begin(inside, cluster.spec())
    await inside.until_stored(1)
    await inside.stop()

    await cluster.delete("web")
    await cluster.create("web")
    await cluster.compact()
    await begin(inside, cluster.spec())

    stored = await inside.until_stored(3)
    assert told(stored) == [("add", "web"), ("delete", "web"), ("add", "web")]
    assert len({one.event.id for one in stored}) == 3


async def test_without_a_compaction_every_change_between_is_told(
    inside: Inside, cluster: Cluster
) -> None:
    await cluster.create("web")
    await begin(inside, cluster.spec())
    await inside.until_stored(1)
    await inside.stop()

    await cluster.change("web", size="1")
    await cluster.change("web", size="2")
    await cluster.delete("web")
    await begin(inside, cluster.spec())

    expected = [("update", "web"), ("update", "web"), ("delete", "web")]
    assert told(await inside.until_stored(4))[1:] == expected


async def test_a_quiet_watch_is_carried_over_a_restart_of_the_server(
    inside: Inside, cluster: Cluster
) -> None:
    await cluster.create("web")
    await begin(inside, cluster.spec())
    await inside.until_stored(1)

    await asyncio.to_thread(cluster.server.restart)
    await inside.stop()
    await cluster.create("after")
    await begin(inside, cluster.spec())

    assert told(await inside.until_stored(2)) == [("add", "web"), ("add", "after")]


async def test_another_selector_is_a_difference_like_any_other(
    inside: Inside, cluster: Cluster
) -> None:
    (selection,) = cluster.options.resources
    await cluster.create("blue", metadata={"labels": {"team": "blue"}})
    await cluster.create("red", metadata={"labels": {"team": "red"}})
    await begin(inside, cluster.spec())
    await inside.until_stored(2)
    await inside.stop()

    narrowed = type(selection)("v1", "ConfigMap", label_selector="team=blue")
    await begin(inside, cluster.spec(resources=(narrowed,)))

    assert told(await inside.until_stored(3))[2:] == [("delete", "red")]


async def test_the_version_to_watch_from_is_stored_with_the_events(
    inside: Inside, cluster: Cluster
) -> None:
    spec = cluster.spec()
    await begin(inside, spec)

    await cluster.create("web")

    stored = await inside.until_stored(1)
    version = data_of(stored[0].event)["metadata"]["resourceVersion"]
    key = position_key("ConfigMap", cluster.namespace)
    position = await inside.outlet(spec).record(key) or b""
    assert position.decode().partition(" ")[0] == version
