"""How to be let in: kubeconfig files, the account of a pod, files of one's own."""

import base64
from pathlib import Path

import pytest

from broker.errors import Invalid
from sources.api_server.access import Access, find_access, read_token
from sources.api_server.options import Direct, InCluster, Kubeconfig
from sources.api_server.tls import tls_context

CONFIG = """
apiVersion: v1
kind: Config
current-context: dev
contexts:
  - {name: dev, context: {cluster: near, user: me}}
  - {name: prod, context: {cluster: far, user: robot}}
clusters:
  - {name: near, cluster: {server: "https://near:6443/", certificate-authority: ca.crt}}
  - name: far
    cluster: {server: "https://far/k8s/c-1", certificate-authority-data: CADATA,
              tls-server-name: kubernetes}
users:
  - {name: me, user: {token: secret-token}}
  - {name: robot, user: {tokenFile: robot-token}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config"
    path.write_text(CONFIG.replace("CADATA", base64.b64encode(b"FAR CA").decode()))
    (tmp_path / "ca.crt").write_text("NEAR CA")
    return path


def test_the_current_context_counts(config: Path) -> None:
    access = find_access(Kubeconfig(config), {})

    assert (access.url, access.authority, access.token) == (
        "https://near:6443", "NEAR CA", "secret-token",
    )  # fmt: skip
    assert "secret-token" not in repr(access)


def test_another_context_may_be_named(config: Path) -> None:
    access = find_access(Kubeconfig(config, "prod"), {})

    assert access == Access(
        url="https://far/k8s/c-1",
        authority="FAR CA",
        authority_name=f"the certificate-authority in {config}",
        token_file=config.parent / "robot-token",
        server_name="kubernetes",
    )


def test_without_a_path_it_is_where_kubectl_looks(config: Path, tmp_path: Path) -> None:
    missing = tmp_path / "missing"

    access = find_access(Kubeconfig(), {"KUBECONFIG": f"{missing}:{config}"})

    assert access.url == "https://near:6443"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("current-context: dev", "", "has no current-context"),
        ("user: me}", "user: you}", "has no user 'you'"),
        ("{token: secret-token}", "{exec: {command: aws}}", "running a program"),
        ("{token: secret-token}", "{username: a, password: b}", "user and password"),
        ("certificate-authority: ca.crt", "insecure-skip-tls-verify: true", "switches off"),
        ('"https://near:6443/"', "near", "without a server's URL"),
        ("apiVersion: v1", "a: [", "is no YAML"),
        ("certificate-authority: ca.crt", "certificate-authority: ca", "cannot be read"),
    ],
)
def test_what_cannot_be_used_is_told_without_secrets(
    config: Path, old: str, new: str, told: str
) -> None:
    config.write_text(config.read_text().replace(old, new))

    with pytest.raises(Invalid, match=told) as caught:
        find_access(Kubeconfig(config), {})

    assert caught.value.remedy
    assert "secret-token" not in str(caught.value)


def test_outside_a_pod_there_is_no_account() -> None:
    with pytest.raises(Invalid, match="in no Kubernetes pod"):
        find_access(InCluster(), {})


def test_a_token_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("abc\n")
    empty = tmp_path / "empty"
    empty.write_text("\n")

    assert read_token(path) == "abc"
    with pytest.raises(Invalid, match="holds no token"):
        read_token(empty)


def test_a_certificate_that_is_none_is_named(tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.crt"
    ca_file.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")

    access = find_access(Direct("https://a", ca_file=ca_file), {})

    with pytest.raises(Invalid) as caught:
        tls_context(access)
    assert caught.value.where == str(ca_file)
