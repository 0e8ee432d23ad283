"""What a configuration says of an S3Source, resolved."""

from dataclasses import dataclass, field

RECONCILE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Credentials:
    """Keys to sign with; `session_token` is that of temporary ones."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Tls:
    """Paths of PEM files, "" where none: whom to trust, and what to show."""

    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""


@dataclass(frozen=True, slots=True)
class S3Options:
    """`endpoint` is `https://host[:port]`, without a path; no `credentials`: requests unsigned.

    `is_path_style`: the bucket stands in the path, else in front of the host. `is_listening`:
    the server's stream of notifications is tried. `webhook_token` "": no webhook is served.
    """

    bucket: str
    endpoint: str
    region: str = "us-east-1"
    is_path_style: bool = True
    credentials: Credentials | None = None
    tls: Tls = Tls()
    tells_created: bool = True
    tells_removed: bool = False
    prefix: str = ""
    suffix: str = ""
    glob: str = ""
    is_listening: bool = True
    webhook_token: str = field(default="", repr=False)
    reconcile_seconds: float = RECONCILE_SECONDS


def aws_endpoint(region: str) -> str:
    """Where the buckets of `region` are at Amazon."""
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://s3.{region}.{domain}"
