"""A change of a bucket as one of the intakes saw it. Pure values."""

from datetime import datetime
from enum import StrEnum

NO_VERSION = "null"  # what S3 calls the one version of an object outside of versioning


class Kind(StrEnum):
    """What happened; `MARKED`: a delete marker is the newest version now."""

    CREATED = "c"
    REMOVED = "r"
    MARKED = "m"


class Sighting:
    """`key` is decoded, `version` NO_VERSION where there is none, `etag` without quotes.

    `sequencer` orders what happened to one key; "" for what a listing found. `name` is the
    event name without `s3:`. `data` is the record of the notification, or one made like it.
    """

    __slots__ = (
        "at", "bucket", "data", "etag", "key", "kind", "name", "sequencer", "size", "source",
        "version",
    )  # fmt: skip

    def __init__(
        self,
        kind: Kind,
        name: str,
        bucket: str,
        key: str,
        version: str,
        etag: str,
        size: int | None,
        at: datetime,
        sequencer: str,
        source: str,
        data: bytes,
    ) -> None:
        self.kind = kind
        self.name = name
        self.bucket = bucket
        self.key = key
        self.version = version
        self.etag = etag
        self.size = size
        self.at = at
        self.sequencer = sequencer
        self.source = source
        self.data = data


def kind_of(name: str) -> Kind | None:
    """What an event name says, without its `s3:`; None where no object came or went.

    Source: Amazon S3, supported event types. MinIO's `ObjectRemoved:NoOP` removed nothing.
    """
    group, _, what = name.partition(":")
    if group == "ObjectCreated":
        return Kind.CREATED
    if group not in ("ObjectRemoved", "LifecycleExpiration"):
        return None
    if what == "DeleteMarkerCreated":
        return Kind.MARKED
    return Kind.REMOVED if what == "Delete" else None
