"""Where an API server is and how to be let in: from a connection, files and the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from broker.errors import Invalid
from sources.api_server.options import Connection, Direct, InCluster, Kubeconfig

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_FILE_BYTES_MAX = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Access:
    """PEM texts and secrets, ready for use; `authority` None: the system's CAs count."""

    url: str  # without a slash at its end; the events' source
    authority: str | None = field(default=None, repr=False)
    authority_name: str = "the system's CAs"
    token: str | None = field(default=None, repr=False)
    token_file: Path | None = None
    certificate: str | None = field(default=None, repr=False)
    key: str | None = field(default=None, repr=False)
    server_name: str | None = None  # where the certificate has another than the address


def find_access(connection: Connection, environment: Mapping[str, str]) -> Access:
    """Reads files: to be called in a thread. Raises Invalid naming what is missing."""
    match connection:
        case InCluster():
            return _in_cluster(environment)
        case Direct():
            return _direct(connection)
        case Kubeconfig():
            from sources.api_server.kubeconfig import access_of  # YAML, only where it is needed

            path = connection.path or _usual_kubeconfig(environment)
            return access_of(read_text(path), connection.context, path, read_text)


def read_text(path: Path) -> str:
    """Raises Invalid where there is no such file, or it is no text of a usable size."""
    try:
        with path.open("rb") as file:
            content = file.read(_FILE_BYTES_MAX + 1)
        text = content.decode()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise Invalid(
            f"cannot be read ({reason})", where=str(path), remedy="mend the path or its rights"
        ) from error
    if len(content) > _FILE_BYTES_MAX:
        raise Invalid("is over 1 MiB", where=str(path), remedy="name the right file")
    return text


def read_token(path: Path) -> str:
    """As it stands in the file now: whoever issues it replaces it before it expires."""
    token = read_text(path).strip()
    if not token or not token.isascii() or not token.isprintable():
        raise Invalid("holds no token", where=str(path), remedy="write one line with the token")
    return token


def _in_cluster(environment: Mapping[str, str]) -> Access:
    host = environment.get("KUBERNETES_SERVICE_HOST")
    if not host:
        raise Invalid(
            "this process is in no Kubernetes pod: KUBERNETES_SERVICE_HOST is not set",
            where="connection",
            remedy="configure connection.kubeconfig, or connection.url with a token",
        )
    port = environment.get("KUBERNETES_SERVICE_PORT", "443")
    authority = ACCOUNT / "ca.crt"
    return Access(
        url=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
        authority=read_text(authority),
        authority_name=str(authority),
        token_file=ACCOUNT / "token",
    )


def _direct(direct: Direct) -> Access:
    return Access(
        url=direct.url.rstrip("/"),
        authority=read_text(direct.ca_file) if direct.ca_file else None,
        authority_name=str(direct.ca_file) if direct.ca_file else "the system's CAs",
        token=direct.token,
        token_file=direct.token_file,
        certificate=read_text(direct.cert_file) if direct.cert_file else None,
        key=read_text(direct.key_file) if direct.key_file else None,
    )


def _usual_kubeconfig(environment: Mapping[str, str]) -> Path:
    """Where kubectl looks; of several files in KUBECONFIG the first that is there."""
    named = [Path(name) for name in environment.get("KUBECONFIG", "").split(":") if name]
    paths = named or [Path(environment.get("HOME", "/")) / ".kube" / "config"]
    return next((path for path in paths if path.exists()), paths[0])
