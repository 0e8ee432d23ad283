"""Which files an event names. Pure.

Known are events of an S3Source and of a FolderSource, bucket notifications with all their
`Records`, and data that is a place by itself: a JSON text, or an object whose `url` is one.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote, unquote_plus, unquote_to_bytes

import orjson

from broker.errors import Invalid
from broker.event import Event
from sinks.file_batch.place import Place, checked_path, parse_place

FOLDER_TYPES = "dev.headrace.folder."
OWN_TYPES = "dev.headrace.file."
OBJECTS_MAX = 1_000  # of one event
SEQUENCER_CHARACTERS_MAX = 256  # S3's have 16 or 18; a longer one is none
_S3_TYPES = "com.amazonaws.s3."
_GONE = ("ObjectRemoved:", "LifecycleExpiration:")
_MARKER_CREATED = ":DeleteMarkerCreated"
_REMOVED = ("dev.headrace.folder.removed", *(_S3_TYPES + name for name in _GONE))


class Named(NamedTuple):
    """A file that an event names. `sequencer`: its place among the changes of an S3 object.

    It is "" for what a listing has found, and for all that is no object of S3.
    """

    place: Place
    sequencer: str = ""
    is_gone: bool = False


def named_by(event: Event) -> Sequence[Named]:
    """Each file as often as the event tells of it, in its order; nothing where it tells of jobs.

    Raises Invalid(code="no-object") for an event that names no file, Invalid("invalid-place") for
    one that names what cannot be one.
    """
    if event.type.startswith(OWN_TYPES):
        return ()
    is_gone = event.type.startswith(_REMOVED)
    bucket, key = event.attributes.get("s3bucket"), event.attributes.get("s3key")
    if bucket and key:
        is_encoded = event.attributes.get("s3keyencoding") == "url"
        place = _object(bucket, key, is_encoded, is_gone)
        return (Named(place, _sequencer_of(_data(event), is_gone), is_gone),)
    if is_gone:
        return ()
    subject = event.attributes.get("subject")
    if event.type.startswith(FOLDER_TYPES) and subject:
        return (Named(Place("folder", "", checked_path(_decoded(subject)))),)
    return _named_by_data(_data(event))


def _data(event: Event) -> Any:
    """None where it is no JSON."""
    try:
        return orjson.loads(event.data or b"null")
    except orjson.JSONDecodeError:
        return None


def _named_by_data(data: Any) -> Sequence[Named]:
    if isinstance(data, dict) and isinstance(records := data.get("Records"), list):
        if len(records) > OBJECTS_MAX:
            raise _refusal(f"it names more than {OBJECTS_MAX} objects")
        return tuple(_of_records(records))
    text = data.get("url") if isinstance(data, dict) else data
    if not isinstance(text, str):
        raise _refusal("it names no file")
    return (Named(parse_place(text)),)


def _of_records(records: Sequence[Any]) -> Iterator[Named]:
    """Source: Amazon S3, event message structure; a key is URL-encoded, a space a plus sign."""
    for record in records:
        try:
            name, told = str(record["eventName"]), record["s3"]
            bucket, key = told["bucket"]["name"], told["object"]["key"]
        except (KeyError, TypeError) as error:
            raise _refusal("a record of it names no object") from error
        if not isinstance(bucket, str) or not isinstance(key, str):
            raise _refusal("a record of it names no object")
        is_gone = name.removeprefix("s3:").startswith(_GONE)
        place = _object(bucket, unquote_plus(key), False, is_gone)
        yield Named(place, _sequencer_of(record, is_gone), is_gone)


def _object(bucket: str, key: str, is_encoded: bool, is_gone: bool) -> Place:
    """What is gone is never opened, so its key may be any."""
    if is_gone:
        return Place("s3", bucket, unquote(key) if is_encoded else key)
    return Place("s3", bucket, checked_path(_decoded(key) if is_encoded else key))


def _sequencer_of(record: Any, is_gone: bool) -> str:
    """That of a record of a notification; "" for what has none.

    Nor has the end of one version, named by its id: the object may still be there in another.
    """
    try:
        told, name = record["s3"]["object"], str(record.get("eventName"))
        found, version = told["sequencer"], told.get("versionId")
    except (KeyError, TypeError, AttributeError):
        return ""
    is_of_version = is_gone and bool(version) and not name.endswith(_MARKER_CREATED)
    is_usable = isinstance(found, str) and len(found) <= SEQUENCER_CHARACTERS_MAX
    return found if is_usable and not is_of_version else ""


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
