"""Lines of an export, or of events, as events that can be published again. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from broker.admission import fault_of
from broker.codec import Limits, decode_structured
from broker.errors import HeadraceError, Invalid
from broker.event import Event

MISTAKES_MAX = 20


class ExportLine(msgspec.Struct, gc=False):
    """What is looked for in a line: the event as it is written; empty where there is none."""

    event: msgspec.Raw = msgspec.Raw(b"")
    specversion: msgspec.Raw = msgspec.Raw(b"")


_LINE = msgspec.json.Decoder(ExportLine)


@dataclass(frozen=True, slots=True)
class Mistake:
    line: int  # counted from 1
    error: HeadraceError


@dataclass(frozen=True, slots=True)
class Lines:
    """Events in their order, the first MISTAKES_MAX mistakes, and how many there are."""

    events: tuple[Event, ...]
    mistakes: tuple[Mistake, ...]
    refused: int


def read_lines(lines: Sequence[str], first_line: int, limits: Limits, hops_max: int) -> Lines:
    """What `lines` say, the first of which has the number `first_line`; blank ones say nothing.

    An event that died for two triggers stands in two lines, and is published once.
    """
    events: dict[tuple[str, str, str], Event] = {}
    mistakes: list[Mistake] = []
    for number, line in enumerate(lines, first_line):
        if not line.strip():
            continue
        try:
            event = _event(line, limits, hops_max)
            _check_same(events.setdefault((event.source, event.id, event.type), event), event)
        except HeadraceError as error:
            mistakes.append(Mistake(number, error))
    return Lines(tuple(events.values()), tuple(mistakes[:MISTAKES_MAX]), len(mistakes))


def _check_same(earlier: Event, event: Event) -> None:
    if earlier.data != event.data:
        raise Invalid(
            "an earlier line has the same source, id and type, and other data",
            code="duplicate-differs",
            remedy="give one of the two another id",
        )


def _event(line: str, limits: Limits, hops_max: int) -> Event:
    try:
        written = line.encode()
        found = _LINE.decode(written)
    except (UnicodeEncodeError, msgspec.DecodeError) as error:
        raise Invalid(
            "the line is no JSON object",
            code="invalid-json",
            remedy="give lines of headrace dead-letters export, or one event a line",
        ) from error
    # An event may have an attribute of that name; then it has a specversion too.
    is_export = bytes(found.event) and not bytes(found.specversion)
    event = decode_structured(bytes(found.event) if is_export else written, limits)
    if (fault := fault_of([event], hops_max)) is not None:
        raise fault
    return event
