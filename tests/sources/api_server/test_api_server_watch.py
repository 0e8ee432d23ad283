"""What is told of objects while they are watched."""

import asyncio
from uuid import uuid4

from broker.event import Event
from sources.api_server.options import Owner, Selection
from tests.sources.api_server.cluster import Cluster, act_of, begin, data_of, told
from tests.sources.inside import Inside

GROUP = "tests.example.com"


async def test_a_life_is_told_as_add_update_delete(inside: Inside, cluster: Cluster) -> None:
    await begin(inside, cluster.spec())

    await cluster.create("web", data={"size": "1"})
    await cluster.change("web", size="2")
    await cluster.delete("web")

    stored = await inside.until_stored(3)
    assert told(stored) == [("add", "web"), ("update", "web"), ("delete", "web")]
    assert [data_of(one.event)["data"]["size"] for one in stored] == ["1", "2", "2"]


async def test_the_attributes_are_those_of_knative(inside: Inside, cluster: Cluster) -> None:
    await begin(inside, cluster.spec())

    uid = await cluster.create("web")

    event = (await inside.until_stored(1))[0].event
    version = data_of(event)["metadata"]["resourceVersion"]
    assert {**event.attributes, "time": ""} == {
        "specversion": "1.0",
        "id": f"v1/{uid}/{version}/add",
        "source": cluster.server.url,
        "type": "dev.knative.apiserver.resource.add",
        "subject": f"/apis/v1/namespaces/{cluster.namespace}/configmaps/web",
        "time": "",
        "apiversion": "v1",
        "kind": "ConfigMap",
        "name": "web",
        "namespace": cluster.namespace,
        "datacontenttype": "application/json",
    }


async def test_a_reference_says_who_and_not_what(inside: Inside, cluster: Cluster) -> None:
    await begin(inside, cluster.spec(mode="Reference"))

    uid = await cluster.create("web", data={"password": "1"})

    event = (await inside.until_stored(1))[0].event
    found = data_of(event)
    assert event.type == "dev.knative.apiserver.ref.add"
    assert found.pop("resourceVersion").isdecimal()
    assert found == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": "web",
        "namespace": cluster.namespace,
        "uid": uid,
    }


async def test_what_is_there_at_first_is_told_as_added(inside: Inside, cluster: Cluster) -> None:
    await cluster.create("old")
    await begin(inside, cluster.spec())

    await cluster.create("young")

    stored = await inside.until_stored(2)
    assert told(stored) == [("add", "old"), ("add", "young")]
    assert data_of(stored[0].event)["kind"] == "ConfigMap"


async def test_a_label_selector_adds_what_enters_and_deletes_what_leaves(
    inside: Inside, cluster: Cluster
) -> None:
    selection = Selection("v1", "ConfigMap", label_selector="team=blue")
    await begin(inside, cluster.spec(resources=(selection,)))

    await cluster.create("web")
    await cluster.label("web", team="blue")
    await cluster.label("web", team="red")

    assert told(await inside.until_stored(2)) == [("add", "web"), ("delete", "web")]


async def test_a_field_selector_chooses_by_name(inside: Inside, cluster: Cluster) -> None:
    selection = Selection("v1", "ConfigMap", field_selector="metadata.name=web")
    await begin(inside, cluster.spec(resources=(selection,)))

    await cluster.create("other")
    await cluster.create("web")

    assert told(await inside.until_stored(1)) == [("add", "web")]


async def test_only_what_the_owner_controls_is_told(inside: Inside, cluster: Cluster) -> None:
    owner = Owner("apps/v1", "ReplicaSet")
    await begin(inside, cluster.spec(owner=owner))
    reference = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "a", "uid": "u"}

    await cluster.create("free")
    await cluster.create("owned", metadata={"ownerReferences": [reference]})
    controlled = {**reference, "controller": True}
    await cluster.create("controlled", metadata={"ownerReferences": [controlled]})

    assert told(await inside.until_stored(1)) == [("add", "controlled")]


async def test_kinds_of_the_cluster_have_no_namespace(inside: Inside, cluster: Cluster) -> None:
    name = f"role-{uuid4().hex[:8]}"
    selection = Selection(
        "rbac.authorization.k8s.io/v1", "ClusterRole", "", f"metadata.name={name}"
    )
    await begin(inside, cluster.spec(resources=(selection,)))

    path = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
    await asyncio.to_thread(cluster.server.create, path, {"metadata": {"name": name}, "rules": []})

    event = (await inside.until_stored(1))[0].event
    assert "namespace" not in event.attributes
    assert event.attributes["subject"] == f"{path}/{name}"


async def test_a_custom_resource_may_be_defined_after_its_source(
    inside: Inside, cluster: Cluster
) -> None:
    kind = f"Gate{uuid4().hex[:6]}"
    selection = Selection(f"{GROUP}/v1", kind)
    await begin(inside, cluster.spec(resources=(selection,)))

    await asyncio.to_thread(define, cluster, kind)
    path = f"/apis/{GROUP}/v1/namespaces/{cluster.namespace}/{kind.lower()}s"
    body = {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": {"name": "north"}}
    while (await asyncio.to_thread(cluster.server.request, "POST", path, body))[0] != 201:
        await asyncio.sleep(0.05)

    event = (await inside.until_stored(1))[0].event
    assert (act_of(event), event.attributes["kind"]) == ("add", kind)
    assert event.attributes["subject"] == f"{path}/north"
    assert sum("waited for" in notice for notice in inside.notices) == 1


async def test_the_events_of_two_kinds_come_from_one_source(
    inside: Inside, cluster: Cluster
) -> None:
    kinds = (Selection("v1", "ConfigMap"), Selection("v1", "Secret"))
    await begin(inside, cluster.spec(resources=kinds))

    await cluster.create("web")
    path = cluster.path("secrets")
    await asyncio.to_thread(cluster.server.create, path, {"metadata": {"name": "key"}})

    events: list[Event] = [one.event for one in await inside.until_stored(2)]
    kinds_told = {(event.attributes["kind"], event.attributes["name"]) for event in events}
    assert kinds_told == {("ConfigMap", "web"), ("Secret", "key")}


def define(cluster: Cluster, kind: str) -> None:
    plural = f"{kind.lower()}s"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": plural, "singular": kind.lower(), "kind": kind}
    spec = {"group": GROUP, "scope": "Namespaced", "names": names, "versions": [version]}
    body = {"metadata": {"name": f"{plural}.{GROUP}"}, "spec": spec}
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    cluster.server.create(path, body)
