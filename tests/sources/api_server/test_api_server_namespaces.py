"""Which namespaces are watched, as they come and go."""

import asyncio

from sources.api_server.records import object_key
from tests.sources.api_server.cluster import Cluster, begin, told
from tests.sources.inside import Inside


async def test_several_namespaces_are_watched_side_by_side(
    inside: Inside, cluster: Cluster
) -> None:
    other = await cluster.other_namespace()
    await begin(inside, cluster.spec(namespaces=(cluster.namespace, other)))

    await cluster.create("here")
    await cluster.create("there", namespace=other)

    assert set(told(await inside.until_stored(2))) == {("add", "here"), ("add", "there")}


async def test_an_empty_selector_takes_all_namespaces_in_one_watch(
    inside: Inside, cluster: Cluster
) -> None:
    selection = type(cluster.options.resources[0])("v1", "ConfigMap", label_selector="mark=all")
    spec = cluster.spec(resources=(selection,), namespace_selector="")
    await begin(inside, spec)
    later = await cluster.other_namespace()

    marked = {"labels": {"mark": "all"}}
    await cluster.create("here", metadata=marked)
    await cluster.create("there", namespace=later, metadata=marked)

    assert told(await inside.until_stored(2)) == [("add", "here"), ("add", "there")]
    assert inside.standing.detail.endswith("watching 1 of 1")


async def test_a_namespace_is_watched_from_when_its_labels_match(
    inside: Inside, cluster: Cluster
) -> None:
    mark = cluster.namespace  # a label of this test alone
    other = await cluster.other_namespace()
    await cluster.create("old", namespace=other)
    await begin(inside, cluster.spec(namespace_selector=f"mark={mark}"))

    await cluster.label_namespace(other, mark=mark)
    await inside.until_stored(1)
    await cluster.create("new", namespace=other)

    assert told(await inside.until_stored(2)) == [("add", "old"), ("add", "new")]


async def test_the_objects_of_a_namespace_that_no_longer_matches_are_forgotten_untold(
    inside: Inside, cluster: Cluster
) -> None:
    mark = cluster.namespace
    other = await cluster.other_namespace(mark=mark)
    await cluster.create("web", namespace=other)
    spec = cluster.spec(namespace_selector=f"mark={mark}")
    await begin(inside, spec)
    await inside.until_stored(1)

    await cluster.label_namespace(other, mark=None)
    key = object_key("ConfigMap", other, "web")
    while await inside.outlet(spec).record(key) is not None:
        await asyncio.sleep(0.02)

    assert told(await inside.stored()) == [("add", "web")]


async def test_a_namespace_that_matches_again_is_told_anew(
    inside: Inside, cluster: Cluster
) -> None:
    mark = cluster.namespace
    other = await cluster.other_namespace(mark=mark)
    await begin(inside, cluster.spec(namespace_selector=f"mark={mark}"))

    await cluster.label_namespace(other, mark=None)
    await inside.until(lambda: inside.standing.detail.endswith("watching 0 of 0"))
    await cluster.create("between", namespace=other)
    await cluster.label_namespace(other, mark=mark)

    assert told(await inside.until_stored(1)) == [("add", "between")]


async def test_the_deletes_of_a_namespace_removed_meanwhile_are_told(
    inside: Inside, cluster: Cluster
) -> None:
    mark = cluster.namespace
    other = await cluster.other_namespace(mark=mark)
    await cluster.create("web", namespace=other)
    spec = cluster.spec(namespace_selector=f"mark={mark}")
    await begin(inside, spec)
    await inside.until_stored(1)
    await inside.stop()

    path = f"{cluster.path(namespace=other)}/web"
    await asyncio.to_thread(cluster.server.delete, path)
    await cluster.remove_namespace(other)
    await begin(inside, spec)

    assert told(await inside.until_stored(2)) == [("add", "web"), ("delete", "web")]


async def test_a_namespace_taken_from_the_list_is_forgotten_and_may_come_back(
    inside: Inside, cluster: Cluster
) -> None:
    await cluster.create("web")
    await begin(inside, cluster.spec())
    await inside.until_stored(1)
    await inside.stop()

    spec = cluster.spec(namespaces=("default",))
    await begin(inside, spec)
    known = await inside.outlet(spec).scan(object_key("ConfigMap", cluster.namespace, ""))

    assert known == []
    assert ("delete", "web") not in told(await inside.stored())


async def test_from_one_namespace_to_all_nothing_is_told_twice(
    inside: Inside, cluster: Cluster
) -> None:
    selection = type(cluster.options.resources[0])("v1", "ConfigMap", label_selector="mark=wide")
    marked = {"labels": {"mark": "wide"}}
    await cluster.create("first", metadata=marked)
    await begin(inside, cluster.spec(resources=(selection,)))
    await inside.until_stored(1)
    await inside.stop()

    await begin(inside, cluster.spec(resources=(selection,), namespace_selector=""))
    await cluster.create("second", metadata=marked)

    assert told(await inside.until_stored(2)) == [("add", "first"), ("add", "second")]
