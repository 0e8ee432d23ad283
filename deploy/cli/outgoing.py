"""The events that `headrace send` sends: from options, or from a file of one event a line."""

import json
import mimetypes
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from broker.codec import Limits, decode_structured, make_event
from broker.errors import HeadraceError, Invalid
from broker.event import Event

DATA_BYTES_MAX = 64 * 2**20
SOURCE = "/headrace/send"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Described:
    """One event by its options; `attributes` without id and time get a new one each."""

    attributes: Mapping[str, str]
    data: bytes | None = None

    def events(self, count: int) -> Iterator[Event]:
        """`count` events, alike but for their ids (a given id is numbered from the second on)."""
        given = self.attributes.get("id")
        for number in range(1, count + 1):
            own = given if given is None or number == 1 else f"{given}-{number}"
            yield make_event(
                {
                    "specversion": "1.0",
                    "source": SOURCE,
                    "time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
                    **self.attributes,
                    "id": own or str(uuid.uuid4()),
                },
                self.data,
            )


def read_events(name: str) -> Iterator[Event]:
    """The events of an NDJSON file (`-` is stdin), each in the CloudEvents JSON format.

    Raises the codec's errors with `where` beginning `file:line`.
    """
    if name == "-":
        yield from _events_of(sys.stdin.buffer, "stdin")
        return
    try:
        with Path(name).open("rb") as file:
            yield from _events_of(file, name)
    except OSError as error:
        raise Invalid(f"{name} cannot be read ({error.strerror})", remedy="mend --file") from error


def _events_of(file: BinaryIO, name: str) -> Iterator[Event]:
    limits = Limits(event_bytes=DATA_BYTES_MAX)
    line_number = 0
    while line := file.readline(DATA_BYTES_MAX + 1):
        line_number += 1
        if len(line) > DATA_BYTES_MAX:
            raise Invalid(f"{name}:{line_number}: is over 64 MiB", remedy="send less in one event")
        if not line.strip():
            continue
        try:
            yield decode_structured(line, limits)
        except HeadraceError as error:
            where = f"{name}:{line_number}" + (f": {error.where}" if error.where else "")
            raise Invalid(error.what, code=error.code, where=where, remedy=error.remedy) from error


def read_data(text: str) -> tuple[bytes, str]:
    """The bytes of `--data TEXT`, `@FILE` or `-`, and the content type they seem to have."""
    if text == "-":
        data = sys.stdin.buffer.read(DATA_BYTES_MAX + 1)
    elif text.startswith("@"):
        try:
            with Path(text[1:]).open("rb") as file:
                data = file.read(DATA_BYTES_MAX + 1)
        except OSError as error:
            what = f"{text[1:]} cannot be read ({error.strerror})"
            raise Invalid(what, remedy="mend --data @FILE") from error
    else:
        data = text.encode("utf-8", "surrogateescape")
    if len(data) > DATA_BYTES_MAX:
        raise Invalid("the data is over 64 MiB", remedy="send a reference to it (dataref)")
    guessed = mimetypes.guess_type(text[1:])[0] if text.startswith("@") else None
    return data, guessed or _content_type(data)


def _content_type(data: bytes) -> str:
    try:
        json.loads(data)
    except RecursionError:
        return "application/octet-stream"
    except ValueError:
        return "text/plain" if _is_text(data) else "application/octet-stream"
    return JSON


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in data


def data_of_fields(fields: Sequence[str]) -> bytes:
    """`["a.b=1", "c=x"]` to `{"a":{"b":1},"c":"x"}`: a value is JSON if it can be, else text."""
    whole: dict[str, Any] = {}
    for field in fields:
        name, equals, value = field.partition("=")
        *path, last = name.split(".")
        if not equals or not last or not all(path):
            raise Invalid(f"--field {field!r} is not NAME=VALUE", remedy="write a=1 or a.b=text")
        place = whole
        for part in path:
            inner = place.setdefault(part, {})
            if not isinstance(inner, dict):
                raise Invalid(f"--field {name}: {part} already has a value", remedy="rename one")
            place = inner
        if last in place:
            raise Invalid(f"--field {name} is given twice", remedy="give it once")
        place[last] = _value(value)
    return json.dumps(whole, separators=(",", ":"), ensure_ascii=False).encode()


def _value(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return text


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def extensions(pairs: Sequence[str]) -> dict[str, str]:
    """`["k=v"]` to `{"k": "v"}`."""
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise Invalid(f"--ext {pair!r} is not NAME=VALUE", remedy="write partitionkey=a")
        found[name] = value
    return found
