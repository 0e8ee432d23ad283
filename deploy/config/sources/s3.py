"""The schema of `kind: S3Source`."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from broker.errors import Invalid
from deploy.config.mistakes import InvalidValue
from deploy.config.schema_parts import PositiveSeconds, Text
from deploy.config.shapes import Bounds, Judge, Shape
from deploy.config.sources.parts import SourceFields, SourceResource
from sources.globs import Glob
from sources.s3.options import RECONCILE_SECONDS, Credentials, S3Options, Tls, aws_endpoint

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.\-_]{1,61}[a-z0-9]", re.ASCII)
_REGION = re.compile(r"[a-zA-Z0-9\-]{1,64}", re.ASCII)
_TOKEN = re.compile(r"[!-~]{8,1024}", re.ASCII)
_KEY_BYTES_MAX = 1024
RECONCILE_SECONDS_MIN = 1.0


def bucket_name(text: str) -> str:
    if not _BUCKET.fullmatch(text):
        raise InvalidValue(
            "cannot be the name of a bucket",
            remedy="write 3 to 63 of a-z, 0-9, - and ., a letter or digit at either end",
        )
    return text


def endpoint_url(text: str) -> str:
    remedy = "write its scheme, host and port, such as http://127.0.0.1:9000"
    try:
        parts = urlsplit(text)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname and text.isascii())
        is_bare = parts.path in ("", "/") and not (parts.query or parts.fragment)
        is_address = is_address and is_bare and "@" not in parts.netloc and parts.port != 0
    except ValueError as error:
        raise InvalidValue("is no address of a server", remedy=remedy) from error
    if not is_address or any(character.isspace() for character in text):
        raise InvalidValue("is no address of a server", remedy=remedy)
    return f"{parts.scheme}://{parts.netloc}"


def region_name(text: str) -> str:
    if not _REGION.fullmatch(text):
        raise InvalidValue("is no region", remedy="write one such as eu-central-1")
    return text


def _key_part(text: str) -> str:
    if len(text.encode("utf-8", "replace")) > _KEY_BYTES_MAX:
        raise InvalidValue("is longer than any key", remedy=f"write at most {_KEY_BYTES_MAX} bytes")
    return text


def _glob(text: str) -> str:
    try:
        Glob(text)
    except Invalid as error:
        raise InvalidValue(error.what, remedy=error.remedy) from error
    return text


def _token(text: str) -> str:
    if not _TOKEN.fullmatch(text):
        raise InvalidValue(
            "cannot be a token", remedy="take 8 or more letters and digits, without white space"
        )
    return text


def _often(seconds: float) -> float:
    if seconds < RECONCILE_SECONDS_MIN:
        raise InvalidValue("is too often for a listing", remedy="write PT1S or more")
    return seconds


KeyPart = Annotated[str, Judge(_key_part)]
Endpoint = Annotated[str, Judge(endpoint_url)]
Region = Annotated[str, Judge(region_name)]


class CredentialFields(Shape):
    access_key_id: Text
    secret_access_key: Text
    session_token: Text | None = None


class TlsFields(Shape):
    ca_file: Text | None = None
    cert_file: Text | None = None
    key_file: Text | None = None


class WebhookFields(Shape):
    token: Annotated[str, Judge(_token)]


class S3Fields(SourceFields):
    bucket: Annotated[str, Judge(bucket_name)]
    endpoint: Annotated[str, Judge(endpoint_url)] | None = None
    region: Annotated[str, Judge(region_name)] = "us-east-1"
    path_style: bool | None = None
    credentials: CredentialFields | None = None
    tls: TlsFields = TlsFields()
    events: Annotated[Sequence[Literal["created", "removed"]], Bounds(1, 2)] = ("created",)
    prefix: KeyPart = ""
    suffix: KeyPart = ""
    glob: Annotated[str, Judge(_glob)] | None = None
    listen: bool | None = None
    webhook: WebhookFields | None = None
    reconcile_interval: Annotated[PositiveSeconds, Judge(_often)] = RECONCILE_SECONDS


class S3Resource(SourceResource):
    spec: S3Fields

    def options(self, namespace: str, name: str, folder: Path) -> Any:
        spec = self.spec
        is_own = spec.endpoint is not None
        return S3Options(
            bucket=spec.bucket,
            endpoint=spec.endpoint or aws_endpoint(spec.region),
            region=spec.region,
            # No certificate of Amazon's holds for a bucket with dots in front of the host.
            is_path_style=(is_own or "." in spec.bucket)
            if spec.path_style is None
            else spec.path_style,
            credentials=_credentials(spec.credentials),
            tls=_tls(spec, folder),
            tells_created="created" in spec.events,
            tells_removed="removed" in spec.events,
            prefix=spec.prefix,
            suffix=spec.suffix,
            glob=spec.glob or "",
            is_listening=is_own if spec.listen is None else spec.listen,
            webhook_token=spec.webhook.token if spec.webhook else "",
            reconcile_seconds=spec.reconcile_interval,
        )


def _credentials(fields: CredentialFields | None) -> Credentials | None:
    if fields is None:
        return None
    return Credentials(fields.access_key_id, fields.secret_access_key, fields.session_token or "")


def _tls(spec: S3Fields, folder: Path) -> Tls:
    tls = spec.tls
    if vars(tls) and (spec.endpoint or "https:").startswith("http:"):
        what, remedy = "is set for an endpoint without TLS", "write https: in spec.endpoint"
        raise InvalidValue(what, where="tls", remedy=remedy)
    if (tls.cert_file is None) != (tls.key_file is None):
        what, remedy = "has one of certFile and keyFile", "write both, or none"
        raise InvalidValue(what, where="tls", remedy=remedy)
    files = (tls.ca_file, tls.cert_file, tls.key_file)
    return Tls(*(str(folder / file) if file else "" for file in files))
