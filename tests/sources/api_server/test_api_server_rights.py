"""What is said, and what goes on, where the API server refuses."""

import asyncio
from pathlib import Path

import pytest

from broker.errors import Denied, Forbidden, Invalid, Unauthorized
from sources.api_server.options import Direct, Kubeconfig, Selection
from sources.api_server.source import ApiServerSource
from sources.spec import SourceSpec
from tests.servers.kubernetes import Kubernetes
from tests.sources.api_server.cluster import Cluster, begin, told
from tests.sources.api_server.peer import connection_to
from tests.sources.inside import Inside

SECRET = Selection("v1", "Secret")
CONFIG_MAP = Selection("v1", "ConfigMap")


async def failure_of(inside: Inside, spec: SourceSpec) -> BaseException | None:
    running = inside.start(ApiServerSource(spec, inside.supplies), spec)
    async with asyncio.timeout(20):
        await asyncio.wait((running,))
    inside.running = None
    return running.exception()


async def allow(cluster: Cluster, resource: str, *verbs: str) -> None:
    server: Kubernetes = cluster.server
    await asyncio.to_thread(server.allow, "watcher", cluster.namespace, resource, *verbs)


async def test_a_missing_right_is_told_with_the_rule_that_gives_it(
    inside: Inside, cluster: Cluster
) -> None:
    spec = cluster.spec(connection=connection_to(cluster.server, "watcher"))

    error = await failure_of(inside, spec)

    assert isinstance(error, Forbidden)
    assert f"not allowed to list configmaps in namespace {cluster.namespace}" in error.what
    assert '{apiGroups: [""], resources: [configmaps], verbs: [get, list, watch]}' in (
        error.remedy or ""
    )


async def test_once_the_right_is_there_it_goes_on(inside: Inside, cluster: Cluster) -> None:
    spec = cluster.spec(connection=connection_to(cluster.server, "watcher"))
    await cluster.create("web")
    refused = await failure_of(inside, spec)

    await allow(cluster, "configmaps", "list", "watch")
    await begin(inside, spec)

    assert isinstance(refused, Denied)
    assert told(await inside.until_stored(1)) == [("add", "web")]


async def test_one_kind_that_is_denied_holds_up_no_other(inside: Inside, cluster: Cluster) -> None:
    await allow(cluster, "configmaps", "list", "watch")
    connection = connection_to(cluster.server, "watcher")
    await begin(inside, cluster.spec(resources=(SECRET, CONFIG_MAP), connection=connection))

    await cluster.create("web")
    stored = await inside.until_stored(1)

    assert told(stored) == [("add", "web")]
    await inside.until(lambda: "not allowed to list secrets" in inside.standing.detail)
    assert sum("not allowed to list secrets" in notice for notice in inside.notices) == 1


async def test_a_kind_that_is_allowed_later_joins(inside: Inside, cluster: Cluster) -> None:
    await allow(cluster, "configmaps", "list", "watch")
    connection = connection_to(cluster.server, "watcher")
    await begin(inside, cluster.spec(resources=(SECRET, CONFIG_MAP), connection=connection))
    path = cluster.path("secrets")
    await asyncio.to_thread(cluster.server.create, path, {"metadata": {"name": "key"}})

    await allow(cluster, "secrets", "list", "watch")

    assert told(await inside.until_stored(1)) == [("add", "key")]
    await inside.until(lambda: inside.standing.detail.endswith("watching 2 of 2"))


async def test_an_expired_token_is_told_as_such(inside: Inside, cluster: Cluster) -> None:
    token = await asyncio.to_thread(cluster.server.expired_token)
    direct = Direct(cluster.server.url, token, ca_file=cluster.server.ca_file)

    error = await failure_of(inside, cluster.spec(connection=direct))

    assert isinstance(error, Unauthorized)
    assert "expired" in (error.remedy or "")
    assert token not in f"{error} {error!r} {direct!r}"


async def test_a_rotated_token_file_is_read_again(
    inside: Inside, cluster: Cluster, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text(cluster.server.token())
    direct = Direct(cluster.server.url, token_file=file, ca_file=cluster.server.ca_file)
    spec = cluster.spec(connection=direct)
    await begin(inside, spec)

    file.write_text("one-that-is-not-valid")
    await asyncio.to_thread(cluster.server.restart)
    await inside.stop()
    refused = await failure_of(inside, spec)
    file.write_text(cluster.server.token() + "\n")
    await begin(inside, spec)

    await cluster.create("web")
    assert isinstance(refused, Unauthorized)
    assert told(await inside.until_stored(1)) == [("add", "web")]


async def test_a_client_certificate_is_shown(inside: Inside, cluster: Cluster) -> None:
    server = cluster.server
    await asyncio.to_thread(server.allow, "dev", cluster.namespace, "configmaps", "list", "watch")
    spec = cluster.spec(connection=Kubeconfig(server.kubeconfig("dev")))
    await begin(inside, spec)

    await cluster.create("web")

    assert told(await inside.until_stored(1)) == [("add", "web")]


async def test_an_unknown_authority_is_told_with_the_one_that_was_asked(
    inside: Inside, cluster: Cluster
) -> None:
    direct = Direct(cluster.server.url, "a-token")

    error = await failure_of(inside, cluster.spec(connection=direct))

    assert isinstance(error, Invalid)
    assert "certificate" in error.what
    assert "the system's CAs" in (error.remedy or "")


async def test_a_check_says_what_is_there(inside: Inside, cluster: Cluster) -> None:
    await cluster.create_all(["a", "b", "c"])
    kinds = (CONFIG_MAP, Selection("apps/v1", "Deployment"))
    source = ApiServerSource(cluster.spec(resources=kinds), inside.supplies)

    found = await source.check()

    assert "Kubernetes v1." in found
    assert f"ConfigMap, Deployment in {cluster.namespace} can be listed and watched" in found
    assert "about 3 objects" in found


async def test_a_check_tells_all_missing_rights_at_once(inside: Inside, cluster: Cluster) -> None:
    await allow(cluster, "secrets", "list")
    connection = connection_to(cluster.server, "watcher")
    spec = cluster.spec(resources=(SECRET, CONFIG_MAP), connection=connection)

    with pytest.raises(Forbidden) as caught:
        await ApiServerSource(spec, inside.supplies).check()

    assert f"not allowed to watch secrets in namespace {cluster.namespace}" in caught.value.what
    assert "not allowed to list configmaps" in caught.value.what
    assert "resources: [secrets]" in (caught.value.remedy or "")


async def test_a_check_tells_of_a_kind_that_is_not_served(inside: Inside, cluster: Cluster) -> None:
    spec = cluster.spec(resources=(Selection("v1", "ConfigMaps"),))

    with pytest.raises(Exception, match="has no ConfigMaps in v1"):
        await ApiServerSource(spec, inside.supplies).check()
