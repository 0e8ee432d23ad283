"""What a kubeconfig file says of one server and one user, read and written."""

import base64
import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class Access:
    """How one user reaches an API server: a token, or a certificate with its key."""

    url: str
    ca_file: Path
    token: str | None = None
    certificate: Path | None = None
    key: Path | None = None

    def tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.ca_file))
        if self.certificate is not None:
            context.load_cert_chain(self.certificate, self.key)
        return context

    def write(self, path: Path) -> Path:
        """As a kubeconfig with one context, in the namespace `default`."""
        user: dict[str, str] = {"token": self.token} if self.token else {}
        if self.certificate is not None:
            user |= {"client-certificate": str(self.certificate), "client-key": str(self.key)}
        cluster = {"server": self.url, "certificate-authority": str(self.ca_file)}
        context = {"cluster": "tests", "user": "tests", "namespace": "default"}
        whole = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "tests", "cluster": cluster}],
            "users": [{"name": "tests", "user": user}],
            "contexts": [{"name": "tests", "context": context}],
            "current-context": "tests",
        }
        write_private(path, yaml.safe_dump(whole).encode())
        return path


def read_kubeconfig(path: Path, folder: Path) -> Access:
    """The access of the current context; data written in the file is laid into `folder`."""
    whole = yaml.safe_load(path.read_text("utf-8"))
    context = _named(whole["contexts"], whole["current-context"])["context"]
    cluster = _named(whole["clusters"], context["cluster"])["cluster"]
    user = _named(whole["users"], context["user"])["user"]
    authority = _file(cluster, "certificate-authority", path, folder)
    assert authority is not None, f"{path}: its cluster names no certificate-authority"
    return Access(
        cluster["server"],
        authority,
        user.get("token"),
        _file(user, "client-certificate", path, folder),
        _file(user, "client-key", path, folder),
    )


def write_private(path: Path, content: bytes) -> None:
    """Write what only its owner may read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)


def _named(items: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(item for item in items if item["name"] == name)


def _file(part: dict[str, str], field: str, path: Path, folder: Path) -> Path | None:
    """The file that `field` names, beside the kubeconfig if relative, or holds as base64."""
    if data := part.get(f"{field}-data"):
        write_private(folder / field, base64.b64decode(data))
        return folder / field
    return path.parent / part[field] if field in part else None
