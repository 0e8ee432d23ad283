"""Which files an event names. Pure.

Known are events of an S3Source and of a FolderSource, bucket notifications with all their
`Records`, and data that is a place by itself: a JSON text, or an object whose `url` is one.
"""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import unquote_plus, unquote_to_bytes

import orjson

from broker.errors import Invalid
from broker.event import Event
from sinks.file_batch.place import Place, checked_path, parse_place

FOLDER_TYPES = "dev.headrace.folder."
OWN_TYPES = "dev.headrace.file."
OBJECTS_MAX = 1_000  # of one event
_REMOVED = ("dev.headrace.folder.removed", "com.amazonaws.s3.ObjectRemoved")


def places_of(event: Event) -> Sequence[Place]:
    """Each file once, in the event's order; none where it tells of what is gone, or of a job.

    Raises Invalid(code="no-object") for an event that names no file, Invalid("invalid-place") for
    one that names what cannot be one.
    """
    if event.type.startswith((*_REMOVED, OWN_TYPES)):
        return ()
    bucket, key = event.attributes.get("s3bucket"), event.attributes.get("s3key")
    if bucket and key:
        is_encoded = event.attributes.get("s3keyencoding") == "url"
        return (Place("s3", bucket, checked_path(_decoded(key) if is_encoded else key)),)
    subject = event.attributes.get("subject")
    if event.type.startswith(FOLDER_TYPES) and subject:
        return (Place("folder", "", checked_path(_decoded(subject))),)
    return _named_by(event)


def _named_by(event: Event) -> Sequence[Place]:
    """By its data."""
    try:
        data = orjson.loads(event.data or b"null")
    except orjson.JSONDecodeError:
        data = None
    if isinstance(data, dict) and isinstance(records := data.get("Records"), list):
        if len(records) > OBJECTS_MAX:
            raise _refusal(f"it names more than {OBJECTS_MAX} objects")
        return tuple(dict.fromkeys(_of_records(records)))
    text = data.get("url") if isinstance(data, dict) else data
    if not isinstance(text, str):
        raise _refusal("it names no file")
    return (parse_place(text),)


def _of_records(records: Sequence[Any]) -> Iterator[Place]:
    """Source: Amazon S3, event message structure; a key is URL-encoded, a space a plus sign."""
    for record in records:
        try:
            name, told = str(record["eventName"]), record["s3"]
            bucket, key = told["bucket"]["name"], told["object"]["key"]
        except (KeyError, TypeError) as error:
            raise _refusal("a record of it names no object") from error
        if not isinstance(bucket, str) or not isinstance(key, str):
            raise _refusal("a record of it names no object")
        if "ObjectRemoved" not in name:
            yield Place("s3", bucket, checked_path(unquote_plus(key)))


def _decoded(text: str) -> str:
    """Percent-decoded. Names that are no UTF-8 are refused: no manifest could name them."""
    try:
        return unquote_to_bytes(text).decode() if "%" in text else text
    except UnicodeDecodeError as error:
        what, remedy = f"the name {text[:200]!r} is no UTF-8", "rename the file"
        raise Invalid(what, code="invalid-place", where="event", remedy=remedy) from error


def shown(place: Place) -> str:
    """A place as its key: the path below the bucket or the root; all of an address."""
    return place.path if place.kind != "http" else str(place)


def _refusal(what: str) -> Invalid:
    return Invalid(
        what,
        code="no-object",
        where="event",
        remedy="filter for events of an S3Source or FolderSource, or send the place of a file "
        'as JSON text: "s3://bucket/key", "in/iris.csv", "https://host/iris.csv"',
    )
