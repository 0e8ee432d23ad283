"""Pages of a bucket's listing: how they are asked for, and what they show. Pure.

Source: Amazon S3 API reference, ListObjectsV2 and ListObjectVersions. Keys come by
`encoding-type=url`, because XML has no way to write some characters that keys may have.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import unquote_plus

from broker.errors import Unavailable
from sources.s3.sighting import NO_VERSION
from sources.s3.xml import Element, name_of, parse, texts_of

PAGE_KEYS_MAX = 1000  # servers give no more
Query = Mapping[str, str]

_ROOTS = frozenset(("ListBucketResult", "ListVersionsResult"))


class Listed(NamedTuple):
    """A version that is there; `is_marker`: a delete marker."""

    key: str
    version: str
    etag: str
    size: int
    modified_at: datetime
    is_marker: bool


class Page(NamedTuple):
    """In the order of the server; `next_query` None: the last page."""

    versions: Sequence[Listed]
    next_query: Query | None


def first_query(prefix: str, after: str, is_versioned: bool) -> Query:
    """The first page of keys that begin with `prefix` and come after `after`."""
    query = {"encoding-type": "url", "max-keys": str(PAGE_KEYS_MAX), "prefix": prefix}
    if is_versioned:
        return {**query, "versions": "", **({"key-marker": after} if after else {})}
    return {**query, "list-type": "2", **({"start-after": after} if after else {})}


def read_page(body: bytes, query: Query) -> Page:
    """The page that `query` was answered with. Raises Unavailable where it is none."""
    root = parse(body)
    if name_of(root) not in _ROOTS:
        raise _no_listing(f"a {name_of(root)[:40]}")
    told = texts_of(root)
    is_encoded = told.get("EncodingType") == "url"
    try:
        versions = [
            _listed(child, is_encoded)
            for child in root
            if name_of(child) in ("Contents", "Version", "DeleteMarker")
        ]
    except (KeyError, ValueError) as error:
        raise _no_listing("an entry without a key or a time") from error
    if told.get("IsTruncated") != "true":
        return Page(versions, None)
    return Page(versions, {**query, **_markers(told, is_encoded)})


def _markers(told: Mapping[str, str], is_encoded: bool) -> dict[str, str]:
    """What the next page is asked for by."""
    if token := told.get("NextContinuationToken"):
        return {"continuation-token": token}
    if not told.get("NextKeyMarker"):
        raise _no_listing("a page that goes on and does not say where")
    marker = _decoded(told["NextKeyMarker"], is_encoded)
    markers = {"key-marker": marker}
    if version := told.get("NextVersionIdMarker"):
        markers["version-id-marker"] = version
    return markers


def _listed(entry: Element, is_encoded: bool) -> Listed:
    told = texts_of(entry)
    return Listed(
        _decoded(told["Key"], is_encoded),
        told.get("VersionId") or NO_VERSION,
        told.get("ETag", "").strip('"'),
        int(told.get("Size") or 0),
        datetime.fromisoformat(told["LastModified"]).astimezone(UTC),
        name_of(entry) == "DeleteMarker",
    )


def _decoded(key: str, is_encoded: bool) -> str:
    return unquote_plus(key, errors="surrogateescape") if is_encoded else key


def _no_listing(what: str) -> Unavailable:
    return Unavailable(
        f"the server answered {what} where a listing was asked for",
        code="not-s3",
        where="spec.endpoint",
        remedy="name the address of an S3 server, or mend the proxy before it",
    )
