"""Batched mode: several events as one JSON array (CloudEvents JSON format 4)."""

from functools import lru_cache

import msgspec

from broker.codec.limits import DEFAULT_LIMITS, Limits, check_size
from broker.codec.structured import decode_structured
from broker.errors import HeadraceError, Invalid, InvalidBatch, InvalidEvent, TooLarge
from broker.event import Event

_ENTRIES = msgspec.json.Decoder(list[msgspec.Raw])
_FEW_COMMAS = 50_000


def decode_batch(body: bytes, limits: Limits = DEFAULT_LIMITS) -> list[Event]:
    """The events of a batch, all of them or none.

    Raises InvalidBatch with every bad entry, InvalidEvent where the array itself is bad or
    empty, TooLarge(code="too-many-events") beyond `limits.batch_events`.
    """
    check_size(len(body), limits.batch_bytes, "batch")
    entries = _entries(body, limits)
    events: list[Event] = []
    bad: list[tuple[int, HeadraceError]] = []
    for index, entry in enumerate(entries):
        try:
            events.append(decode_structured(bytes(entry), limits))
        except Invalid as error:
            bad.append((index, error))
    if bad:
        raise InvalidBatch(f"{len(bad)} of {len(entries)} entries cannot be taken", bad)
    return events


def _entries(body: bytes, limits: Limits) -> list[msgspec.Raw]:
    # A list of entries is made before it can be counted: 8 MiB of commas would cost 300 MB.
    # Where there are that many, a fixed number of places is tried first.
    if body.count(b",") > _FEW_COMMAS:
        _check_fits(body, limits.batch_events)
    try:
        entries = _ENTRIES.decode(body)
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
