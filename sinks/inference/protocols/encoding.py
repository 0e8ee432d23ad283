"""The contract of a protocol's bodies, and what all of them begin with: an event as JSON."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from broker.errors import Invalid
from broker.event import Event
from sinks.inference.protocol import Headers, ModelAnswer, Part

JSON: Headers = (("content-type", "application/json"),)  # exactly: a charset is answered with 500
_NOTHING = object()


class EventView:
    """An event, its data read as JSON when first asked for."""

    __slots__ = ("_json", "event")

    def __init__(self, event: Event) -> None:
        self.event = event
        self._json: Any = None

    @property
    def json(self) -> Any:
        """Raises Invalid(code="no-json")."""
        found = self.for_templates
        if found is _NOTHING:
            remedy = "send JSON, or take the bytes with input.bytes"
            raise Invalid("it is no JSON", code="no-json", where="data", remedy=remedy)
        return found

    @property
    def for_templates(self) -> Any:
        """As `json`, or a value in which no path finds anything."""
        if self._json is None:
            try:
                self._json = orjson.loads(self.event.data or b"")
            except orjson.JSONDecodeError:
                self._json = _NOTHING
        return self._json


@dataclass(frozen=True, slots=True)
class Content:
    """One event's share of a body; shares of one `key` may be joined."""

    value: Any
    records: int = 1
    key: Hashable = None


class Encoding(Protocol):
    """How one protocol writes a body and reads an answer.

    `path` is a template, `probe_paths` are without places for events.
    """

    path: str
    batch_limit: int

    @property
    def probe_paths(self) -> Sequence[str]: ...

    def content(self, view: EventView) -> Content:
        """Raises Invalid: this event cannot be sent, others can."""
        ...

    def encode(self, contents: Sequence[Content], name: str) -> tuple[Headers, bytes]:
        """Headers and body of one request; `name` is its id where the protocol has one."""
        ...

    def decode(self, contents: Sequence[Content], answer: ModelAnswer) -> Sequence[Part]:
        """A part for each. Raises BadAnswer for a 2xx that does not keep to the protocol."""
        ...


class BadAnswer(Invalid):
    """A 2xx that is none: its text says what is wrong with it."""

    code = "bad-answer"


class BrokenAnswer(BadAnswer):
    """A 2xx that breaks off: as if the connection had ended in the middle of it."""


def only_key(written: Mapping[str, Any], allowed: Sequence[str]) -> tuple[str | None, Any]:
    """The one key of `input` and its value, None where none is written.

    Raises Invalid(code="model-input") for others, or for a second one.
    """
    keys = [key for key in written if key != "parameters"]
    if not keys:
        return None, None
    if len(keys) > 1 or keys[0] not in allowed:
        what = f"input has {', '.join(keys)}"
        remedy = f"give one of {', '.join(allowed)}"
        raise Invalid(what, code="model-input", where="spec.input", remedy=remedy)
    return keys[0], written[keys[0]]


def column_rows(names: Sequence[str], data: object) -> list[list[Any]]:
    """Fields of an object, or of each object of a list, in the order of `names`."""
    records = data if isinstance(data, list) else [data]
    if not records:
        raise bad_data("there is no record")
    return [[_field(record, name) for name in names] for record in records]


def _field(record: object, name: str) -> Any:
    if not isinstance(record, dict) or name not in record:
        raise bad_data(f"a record lacks the field {name!r}")
    return record[name]


def bad_data(what: str) -> Invalid:
    return Invalid(what, code="bad-data", where="data", remedy="mend the event's data")


def answer_object(answer: ModelAnswer) -> dict[str, Any]:
    """The JSON object of a body, whatever its media type says. Raises BadAnswer."""
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError as error:
        raise BadAnswer(f"the answer is no JSON ({error})") from error
    if not isinstance(found, dict):
        raise BadAnswer("the answer is no JSON object")
    return found


def canonical(value: object) -> bytes:
    """Bytes by which values are told apart."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
