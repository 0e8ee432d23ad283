"""Sightings to events, and listed versions to sightings. Pure.

Source: CloudEvents adapter for AWS Simple Storage Service. Its id is that of a request, which
a listing does not know; here it follows from bucket, key, version and kind, and where a
version has no name from its ETag and the sequencer, or the time that a listing shows.
"""

from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from urllib.parse import quote, quote_plus

import orjson

from broker.codec import make_event
from broker.codec.values import FORBIDDEN
from broker.errors import InvalidEvent
from broker.event import Event
from sources.refused import refused_event
from sources.s3.listing import Listed
from sources.s3.notifications import origin_name
from sources.s3.sighting import NO_VERSION, Kind, Sighting
from sources.spec import SourceSpec

TYPE_PREFIX = "com.amazonaws.s3."
CREATED_LISTED = "ObjectCreated:Listed"  # how it was put, no listing tells
_REMOVED = "ObjectRemoved:Delete"
_MARKED = "ObjectRemoved:DeleteMarkerCreated"


def event_of(spec: SourceSpec, seen: Sighting, now: datetime) -> Event:
    """The event of `seen`, or the one that tells why none can be made."""
    try:
        return make_event(_attributes(seen), seen.data)
    except InvalidEvent as error:
        found = {"bucket": seen.bucket, "key": quote(seen.key, errors="surrogateescape")}
        return refused_event(spec, _id_of(seen), error, now, found)


def _attributes(seen: Sighting) -> dict[str, str]:
    key = _fit_key(seen.key)
    attributes = {
        "specversion": "1.0",
        "id": _id_of(seen),
        "source": seen.source,
        "type": f"{TYPE_PREFIX}{seen.name}",
        "subject": key,
        "time": text_of(seen.at),
        "datacontenttype": "application/json",
        "s3bucket": seen.bucket,
        "s3key": key,
    }
    if key != seen.key:
        attributes["s3keyencoding"] = "url"
    if seen.etag:
        attributes["s3etag"] = seen.etag
    if seen.size is not None:
        attributes["s3size"] = str(seen.size)
    if seen.version != NO_VERSION:
        attributes["s3versionid"] = seen.version
    return attributes


def _fit_key(key: str) -> str:
    """`key`, or percent-encoded where it holds what no attribute may.

    Source: CloudEvents 1.0, type system: no control characters, surrogates, noncharacters.
    """
    if key.isascii() and key.isprintable():
        return key
    return quote(key, errors="surrogateescape") if FORBIDDEN.search(key) else key


def _id_of(seen: Sighting) -> str:
    if seen.version != NO_VERSION:
        version = seen.version
    else:
        version = f"{seen.etag}\0{seen.sequencer or text_of(seen.at)}"
    text = "\0".join((seen.bucket, seen.key, version, seen.kind))
    return blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def text_of(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


class Origin:
    """The bucket, as a server names it in its notifications: listings are told likewise."""

    def __init__(self, event_source: str, region: str, bucket: str) -> None:
        self._event_source = event_source
        self._region = region
        self.bucket = bucket
        self._name = origin_name(event_source, region, bucket)

    def shown(self, listed: Listed) -> Sighting:
        """What a listing shows, as a sighting."""
        kind = Kind.MARKED if listed.is_marker else Kind.CREATED
        name = _MARKED if listed.is_marker else CREATED_LISTED
        size = None if listed.is_marker else listed.size
        return self._made(
            kind, name, (listed.key, listed.version), listed.etag, size, listed.modified_at
        )

    def gone(self, key: str, version: str, etag: str, now: datetime) -> Sighting:
        """What a listing shows no more; `etag` is that of what was there."""
        return self._made(Kind.REMOVED, _REMOVED, (key, version), etag, None, now)

    def _made(
        self,
        kind: Kind,
        name: str,
        which: tuple[str, str],
        etag: str,
        size: int | None,
        at: datetime,
    ) -> Sighting:
        key, version = which
        data = orjson.dumps(self._record(name, which, etag, size, at))
        return Sighting(kind, name, self.bucket, key, version, etag, size, at, "", self._name, data)

    def _record(
        self, name: str, which: tuple[str, str], etag: str, size: int | None, at: datetime
    ) -> Mapping[str, object]:
        """A record of a notification's shape; `headrace.intake` marks it as made here."""
        key, version = which
        item = {
            "key": quote_plus(key, errors="surrogateescape"),
            "size": size,
            "eTag": etag or None,
            "versionId": None if version == NO_VERSION else version,
        }
        return {
            "eventVersion": "2.0",
            "eventSource": self._event_source,
            "awsRegion": self._region,
            "eventTime": text_of(at),
            "eventName": name,
            "s3": {
                "s3SchemaVersion": "1.0",
                "bucket": {"name": self.bucket, "arn": f"arn:aws:s3:::{self.bucket}"},
                "object": {name: value for name, value in item.items() if value is not None},
            },
            "headrace": {"intake": "listing"},
        }
