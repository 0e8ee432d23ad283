"""Batched mode: several events as one JSON array (CloudEvents JSON format 4)."""

from functools import lru_cache

import msgspec
import orjson

from broker.codec.limits import DEFAULT_LIMITS, Limits, check_size
from broker.codec.strict_json import repeats_a_name
from broker.codec.structured import Entry, decode_structured, event_of
from broker.errors import HeadraceError, Invalid, InvalidBatch, InvalidEvent, TooLarge
from broker.event import Event

_RAW_ENTRIES = msgspec.json.Decoder(list[msgspec.Raw])
_ENTRIES = msgspec.json.Decoder(list[Entry])
_FEW_COMMAS = 50_000
_GROUP_ENTRIES = 64


def decode_batch(body: bytes, limits: Limits = DEFAULT_LIMITS) -> list[Event]:
    """The events of a batch, all of them or none.

    Raises InvalidBatch with every bad entry, InvalidEvent where the array itself is bad or
    empty, TooLarge(code="too-many-events") beyond `limits.batch_events`.
    """
    check_size(len(body), limits.batch_bytes, "batch")
    is_small = _is_small(body, limits)
    events = _together(body, limits) if is_small else None
    if events is not None:
        return events
    entries = _entries(body, limits)
    events = []
    bad: list[tuple[int, HeadraceError]] = []
    for start in range(0, len(entries), _GROUP_ENTRIES):
        group = entries[start : start + _GROUP_ENTRIES]
        # In a small batch one is bad already.
        taken = None if is_small else _group_together(group, limits)
        events += _one_by_one(group, start, bad, limits) if taken is None else taken
    if bad:
        raise InvalidBatch(f"{len(bad)} of {len(entries)} entries cannot be taken", bad)
    return events


def _is_small(array: bytes, limits: Limits) -> bool:
    """Whether no entry of `array` can be too large or hold too many values."""
    # n bytes hold at most (n + 1) / 2 values.
    return len(array) <= limits.event_bytes and len(array) < 2 * limits.json_nodes


def _group_together(group: list[msgspec.Raw], limits: Limits) -> list[Event] | None:
    array = b"[%b]" % b",".join(group)
    return _together(array, limits) if _is_small(array, limits) else None


def _together(array: bytes, limits: Limits) -> list[Event] | None:
    """The events of `array`, read by one pass each of both parsers; None where one is refused.

    What is wrong, and with which entry, is found by looking at them one by one.
    """
    try:
        values = orjson.loads(array)
        if type(values) is not list or not 0 < len(values) <= limits.batch_events:
            return None
        if repeats_a_name(array, values):
            return None
        # Strict, so that as many come of the one parser as of the other.
        pairs = zip(values, _ENTRIES.decode(array), strict=True)
        return [event_of(members, entry, limits) for members, entry in pairs]
    except (Invalid, orjson.JSONDecodeError, msgspec.DecodeError, RecursionError):
        return None


def _one_by_one(
    entries: list[msgspec.Raw],
    start: int,
    bad: list[tuple[int, HeadraceError]],
    limits: Limits,
) -> list[Event]:
    """The good ones of `entries`, of which the first is number `start`; the others join `bad`."""
    events: list[Event] = []
    for index, entry in enumerate(entries, start):
        try:
            events.append(decode_structured(bytes(entry), limits))
        except Invalid as error:
            bad.append((index, error))
    return events


def _entries(body: bytes, limits: Limits) -> list[msgspec.Raw]:
    # A list of entries is made before it can be counted: 8 MiB of commas would cost 300 MB.
    # Where there are that many, a fixed number of places is tried first.
    if body.count(b",") > _FEW_COMMAS:
        _check_fits(body, limits.batch_events)
    try:
        entries = _RAW_ENTRIES.decode(body)
    except msgspec.ValidationError as error:
        raise InvalidEvent(
            "the JSON is no array", code="not-an-array", remedy="send an array of events"
        ) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidEvent(
            f"this is no JSON: {error}", code="invalid-json", remedy="write RFC 8259 JSON in UTF-8"
        ) from error
    if not entries:
        raise InvalidEvent(
            "the batch is empty", code="empty-batch", remedy="send at least one event"
        )
    if len(entries) > limits.batch_events:
        raise _too_many(limits.batch_events)
    return entries


def _check_fits(body: bytes, events_max: int) -> None:
    try:
        _places(events_max).decode(body)
    except msgspec.ValidationError as error:
        if body.lstrip()[:1] == b"[":
            raise _too_many(events_max) from error
    except (msgspec.DecodeError, RecursionError):
        return  # what is wrong with it is said by the decoder that comes next


@lru_cache(maxsize=8)
def _places(events_max: int) -> msgspec.json.Decoder[msgspec.Struct]:
    """A decoder of arrays that stops at the first entry beyond `events_max`."""
    fields = [(f"entry{index}", msgspec.Raw, msgspec.Raw(b"")) for index in range(events_max)]
    places = msgspec.defstruct("Places", fields, array_like=True, forbid_unknown_fields=True)
    return msgspec.json.Decoder(places)


def _too_many(events_max: int) -> TooLarge:
    return TooLarge(
        f"the batch has more than {events_max:,} events",
        code="too-many-events",
        where="batch",
        remedy="send several batches",
    )
