"""A kubeconfig file to an Access: the parts that need no other program. Pure.

Source: Kubernetes, "Organizing Cluster Access Using kubeconfig Files" and its v1 Config.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from broker.errors import Invalid
from sources.api_server.access import Access

ReadText = Callable[[Path], str]
# What signs in by ways that are not ours: refused, because without them nobody would sign in.
_FOREIGN = {
    "exec": "signs in by running a program",
    "auth-provider": "signs in by a provider that Kubernetes has removed",
    "username": "signs in by user and password, which Kubernetes has removed",
}
_UNSAFE = {
    "insecure-skip-tls-verify": "switches off the check of the server's certificate",
    "proxy-url": "needs a proxy",
}


def access_of(text: str, context: str | None, path: Path, read_text: ReadText) -> Access:
    """`path` is the file's own: what it names counts from there, and is read by `read_text`."""
    config = _mapping(_parsed(text, path), path)
    name = context or config.get("current-context")
    if not name:
        remedy = "name one in connection.kubeconfig.context"
        raise Invalid("has no current-context", where=str(path), remedy=remedy)
    chosen = _named(config, "contexts", "context", name, path)
    cluster = _named(config, "clusters", "cluster", chosen.get("cluster"), path)
    user = _named(config, "users", "user", chosen.get("user"), path) if chosen.get("user") else {}
    _refuse_foreign(cluster, _UNSAFE, f"cluster {chosen.get('cluster')}", path)
    _refuse_foreign(user, _FOREIGN, f"user {chosen.get('user')}", path)
    pem = _Pem(path, read_text)
    token_file = user.get("tokenFile")
    return Access(
        url=_server(cluster, path),
        authority=pem.of(cluster, "certificate-authority"),
        authority_name=f"the certificate-authority in {path}",
        token=None if token_file else user.get("token"),
        token_file=path.parent / token_file if token_file else None,
        certificate=pem.of(user, "client-certificate"),
        key=pem.of(user, "client-key"),
        server_name=cluster.get("tls-server-name"),
    )


class _Pem:
    """PEM texts, written into the file as base64 or named by it."""

    def __init__(self, path: Path, read_text: ReadText) -> None:
        self._path = path
        self._read_text = read_text

    def of(self, found: Mapping[str, Any], name: str) -> str | None:
        data = found.get(f"{name}-data")
        if data is None:
            named = found.get(name)
            return self._read_text(self._path.parent / named) if named else None
        try:
            return base64.b64decode(data, validate=True).decode("ascii")
        except (ValueError, TypeError, binascii.Error) as error:
            what = f"has a {name}-data that is no base64 of PEM text"
            raise Invalid(what, where=str(self._path), remedy="write it anew") from error


def _parsed(text: str, path: Path) -> Any:
    try:
        return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 both safe
    except yaml.YAMLError as error:
        # The error's own text shows a part of the file, which holds secrets.
        raise Invalid("is no YAML", where=str(path), remedy="mend it") from error


def _mapping(found: Any, path: Path) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise Invalid("is no kubeconfig", where=str(path), remedy="name the right file")
    return found


def _named(
    config: Mapping[str, Any], listed: str, inner: str, name: Any, path: Path
) -> dict[str, Any]:
    for one in config.get(listed) or ():
        if isinstance(one, dict) and one.get("name") == name:
            return _mapping(one.get(inner) or {}, path)
    what, remedy = f"has no {inner} {str(name)[:100]!r}", f"name one of its {listed}"
    raise Invalid(what, where=str(path), remedy=remedy)


def _refuse_foreign(
    found: Mapping[str, Any], refused: Mapping[str, str], whose: str, path: Path
) -> None:
    for key, why in refused.items():
        if found.get(key):
            raise Invalid(
                f"{whose} has {key}: it {why}, which headrace does not",
                where=str(path),
                remedy="make a service account for headrace and give its token, or a client "
                "certificate, and the server's certificate-authority",
            )


def _server(cluster: Mapping[str, Any], path: Path) -> str:
    server = str(cluster.get("server") or "").rstrip("/")
    if not server.startswith(("https://", "http://")):
        remedy = "write server: https://host:port"
        raise Invalid("has a cluster without a server's URL", where=str(path), remedy=remedy)
    return server
