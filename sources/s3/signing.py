"""AWS Signature Version 4 for requests without a body. Pure: the time is an argument.

Source: Amazon S3 API reference, "Authenticating Requests: Using the Authorization Header".
"""

import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from urllib.parse import quote

from sources.s3.options import Credentials

NO_BODY = sha256(b"").hexdigest()
_ALGORITHM = "AWS4-HMAC-SHA256"

Query = Iterable[tuple[str, str]]


def query_string(query: Query) -> str:
    """The query as it is both sent and signed: everything but unreserved characters escaped."""
    pairs = sorted((_escaped(name), _escaped(value)) for name, value in query)
    return "&".join(f"{name}={value}" for name, value in pairs)


def path_of(path: str) -> str:
    """A path as it is both sent and signed; slashes stay."""
    return quote(path, safe="/-._~")


def signed(
    host: str,
    path: str,
    query: str,
    credentials: Credentials,
    region: str,
    now: datetime,
    others: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The headers of `GET path?query`, but Host: `path` and `query` are escaped already.

    `others` are signed too, under lower-case names.
    """
    at = now.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{at[:8]}/{region}/s3/aws4_request"
    headers = {"x-amz-content-sha256": NO_BODY, "x-amz-date": at, **(others or {})}
    if credentials.session_token:
        headers["x-amz-security-token"] = credentials.session_token
    named = sorted({**headers, "host": host}.items())
    names = ";".join(name for name, _ in named)
    lines = "".join(f"{name}:{value.strip()}\n" for name, value in named)
    request = f"GET\n{path}\n{query}\n{lines}\n{names}\n{NO_BODY}"
    text = f"{_ALGORITHM}\n{at}\n{scope}\n{sha256(request.encode()).hexdigest()}"
    key = _signing_key(credentials.secret_access_key, at[:8], region)
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    headers["authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key_id}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    return headers


def _signing_key(secret: str, day: str, region: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _escaped(text: str) -> str:
    return quote(text, safe="-._~", errors="surrogateescape")
