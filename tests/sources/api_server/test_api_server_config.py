"""`kind: ApiServerSource` in YAML."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from broker.errors import InvalidConfig
from deploy.config.read import read_configuration
from sources.api_server.options import (
    ApiServerOptions,
    Direct,
    InCluster,
    Kubeconfig,
    Owner,
    Selection,
)

PODS = {"apiVersion": "v1", "kind": "Pod"}
NAMESPACES = [f"n{number}" for number in range(52)]
KINDS = [{"apiVersion": "v1", "kind": f"K{number}"} for number in range(10)]
BROKER = {
    "apiVersion": "eventing.knative.dev/v1",
    "kind": "Broker",
    "metadata": {"name": "default", "namespace": "shop"},
}


def read(folder: Path, **spec: Any) -> tuple[ApiServerOptions, list[str]]:
    """The options of a source in namespace shop, and the warnings."""
    source = {
        "apiVersion": "sources.knative.dev/v1",
        "kind": "ApiServerSource",
        "metadata": {"name": "cluster", "namespace": "shop"},
        "spec": {"resources": [PODS], **spec},
    }
    file = folder / "headrace.yaml"
    file.write_text(yaml.safe_dump_all([BROKER, source]))
    found = read_configuration([file], {"TOKEN": "the-token"})
    options = found.sources["shop/cluster"].options
    assert isinstance(options, ApiServerOptions)
    return options, [str(warning) for warning in found.warnings]


def test_as_knative_has_it_the_account_watches_its_own_namespace(tmp_path: Path) -> None:
    options, warnings = read(tmp_path, serviceAccountName="robot")

    assert options == ApiServerOptions((Selection("v1", "Pod"),), ("shop",))
    assert (options.mode, options.connection) == ("Reference", InCluster())
    assert any("serviceAccountName" in warning for warning in warnings)


def test_selectors_become_what_the_api_takes(tmp_path: Path) -> None:
    selector = {
        "matchLabels": {"app.kubernetes.io/name": "web"},
        "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["a", "b"]},
            {"key": "old", "operator": "DoesNotExist"},
        ],
    }
    resource = {**PODS, "selector": selector, "fieldSelector": "status.phase!=Running"}

    options, _ = read(tmp_path, resources=[resource])

    (selection,) = options.resources
    assert selection.label_selector == "app.kubernetes.io/name=web,tier in (a,b),!old"
    assert selection.field_selector == "status.phase!=Running"


def test_an_empty_namespace_selector_is_all_namespaces(tmp_path: Path) -> None:
    options, _ = read(tmp_path, namespaceSelector={})

    assert options.namespace_selector == ""


def test_a_connection_is_resolved_and_hides_its_token(tmp_path: Path) -> None:
    connection = {"url": "https://k:6443", "token": "${env:TOKEN}", "caFile": "ca.crt"}

    options, _ = read(tmp_path, connection=connection, owner={"kind": "ReplicaSet"})

    assert options.connection == Direct("https://k:6443", "the-token", ca_file=tmp_path / "ca.crt")
    assert options.owner == Owner("", "ReplicaSet")
    assert "the-token" not in repr(options)


def test_a_kubeconfig_counts_from_the_folder_of_its_yaml(tmp_path: Path) -> None:
    options, _ = read(tmp_path, connection={"kubeconfig": {"path": "k.yaml", "context": "dev"}})

    assert options.connection == Kubeconfig(tmp_path / "k.yaml", "dev")


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"resources": []}, "too few items"),
        ({"resources": [PODS, dict(PODS)]}, "names the same objects twice"),
        ({"resources": [{"apiVersion": "apps", "kind": "A"}]}, "no apiVersion"),
        ({"resources": [{**PODS, "selector": {"matchLabels": {"a b": "c"}}}]}, "key of a label"),
        ({"resources": [{**PODS, "fieldSelector": "a"}]}, "no field selector"),
        ({"filters": [{"exact": {"type": "a"}}]}, "not applied by a source"),
        ({"namespaces": ["a"], "namespaceSelector": {}}, "stands beside namespaces"),
        ({"namespaces": NAMESPACES, "resources": KINDS}, "takes 520 watches"),
        ({"owner": {}}, "names no owner"),
        ({"connection": {}}, "one way to the API server"),
        ({"connection": {"inCluster": True, "caFile": "a"}}, "without a url"),
        ({"connection": {"url": "https://k", "token": "plain"}}, "a secret written into"),
        ({"connection": {"url": "http://k", "token": "${env:TOKEN}"}}, "without TLS"),
        ({"connection": {"url": "https://k", "certFile": "a"}}, "half of a client certificate"),
    ],
)
def test_a_mistake_is_told(tmp_path: Path, spec: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        read(tmp_path, **spec)

    assert any(told in mistake for mistake in caught.value.mistakes), caught.value.mistakes
