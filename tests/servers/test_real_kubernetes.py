"""The Kubernetes API server is real: its objects outlive it, and its past can be compacted."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.servers.kubernetes import Kubernetes
from tests.servers.kubernetes_own import find_kubernetes


def test_kubernetes_keeps_its_objects_over_a_kill(kubernetes: Kubernetes) -> None:
    configmaps = f"/api/v1/namespaces/{kubernetes.new_namespace()}/configmaps"
    kubernetes.create(configmaps, {"metadata": {"name": "kept"}})

    kubernetes.restart()

    status, listed = kubernetes.request("GET", configmaps)
    assert (status, [item["metadata"]["name"] for item in listed["items"]]) == (200, ["kept"])


@pytest.mark.parametrize("user", ["watcher", "dev"])
def test_kubernetes_lets_a_user_do_only_what_was_said(kubernetes: Kubernetes, user: str) -> None:
    namespace = kubernetes.new_namespace()
    kubernetes.allow(user, namespace, "configmaps", "list")

    def status(resource: str) -> int:
        return kubernetes.request("GET", f"/api/v1/namespaces/{namespace}/{resource}", user=user)[0]

    assert (status("configmaps"), status("secrets")) == (200, 403)


def test_kubernetes_says_gone_of_a_watch_from_before_a_compaction(kubernetes: Kubernetes) -> None:
    namespace = kubernetes.new_namespace()
    configmaps = f"/api/v1/namespaces/{namespace}/configmaps"
    old = kubernetes.revision()
    for name in ("one", "two"):
        kubernetes.create(configmaps, {"metadata": {"name": name}})
    kubernetes.compact(kubernetes.revision())

    watch = f"{configmaps}?watch=true&resourceVersion={old}&timeoutSeconds=5"
    status, told = kubernetes.request("GET", watch)

    assert (status, told["type"], told["object"]["code"]) == (200, "ERROR", 410)


def test_kubernetes_refuses_a_token_whose_time_is_over(kubernetes: Kubernetes) -> None:
    late = replace(kubernetes.access(), token=kubernetes.expired_token())
    stranger = Kubernetes(Path(), kubernetes.runner, {"admin": late})

    status, told = stranger.request("GET", "/api/v1/namespaces")

    assert (status, told["reason"]) == (401, "Unauthorized")


def test_a_kubeconfig_leads_to_the_server(kubernetes: Kubernetes, tmp_path: Path) -> None:
    path = kubernetes.kubeconfig("dev")

    found = find_kubernetes(tmp_path, {"HEADRACE_TEST_KUBECONFIG": str(path)})

    assert found.is_ready()
    assert found.request("GET", "/api/v1/namespaces")[0] == 403
