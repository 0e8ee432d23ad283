"""What was told of one object, and whether a sighting is news. Pure.

Outside of versioning an object has no name but its ETag, so what is told there is that its
content has changed, or that it is gone. A history remembers the latest things told, oldest
first; a notification has its place in it by its sequencer, a listing shows what is last.

    the sequencer of a notification was told          known: it came twice, or out of order
    a listing had told the same, without a sequencer  known, and has a sequencer from now on
    what stands before its place is the same          known: the same bytes were put again
    a listing shows what was told last, or what a
    listing has told with the same time               known
    anything else                                     news

A put of the same bytes is thus told by no intake. A version of a versioned bucket has a name
for ever, whatever its bytes: it is put once, and removed once.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import orjson

from broker.clock import to_milliseconds
from sources.s3.sequencer import is_before
from sources.s3.sighting import NO_VERSION, Kind, Sighting

LATE_MILLISECONDS = (
    86_400_000  # what is gone is remembered as long, for notifications that are late
)
REMEMBERED_MAX = 16  # of one object; a notification older than all of them is taken as known


class Told(NamedTuple):
    """One thing told; `at_milliseconds` since 1970 by the server's clock."""

    kind: str
    etag: str
    sequencer: str
    at_milliseconds: int


History = Sequence[Told]
NOTHING: History = ()


class Verdict(NamedTuple):
    """`history` is to be kept instead, None where nothing has changed in it."""

    is_news: bool
    history: History | None


KNOWN = Verdict(False, None)


def told_of(seen: Sighting) -> Told:
    """`seen` as it is remembered."""
    return told_as(seen.kind, seen.version, seen.etag, seen.at, seen.sequencer)


def told_as(kind: Kind, version: str, etag: str, at: datetime, sequencer: str = "") -> Told:
    """A marker without a version of its own is remembered as a removal."""
    if kind is Kind.MARKED and version == NO_VERSION:
        kind = Kind.REMOVED
    return Told(kind.value, etag, sequencer, to_milliseconds(at))


def judge(history: History, version: str, told: Told) -> Verdict:
    """What `told` is to `version` of an object, of which `history` was told before."""
    if version != NO_VERSION:
        return _judge_version(history, told)
    if told.sequencer:
        return _judge_notification(history, told)
    if is_shown(history, told):
        return KNOWN
    return Verdict(True, (*history, told)[-REMEMBERED_MAX:])


def is_shown(history: History, shown: Told) -> bool:
    """Whether what a listing shows was told already."""
    if history and _is_again(history[-1], shown):
        return True
    return any(
        old.kind == shown.kind
        and old.etag == shown.etag
        and old.at_milliseconds == shown.at_milliseconds
        for old in history
    )


def is_forgettable(history: History, now_milliseconds: int) -> bool:
    """Whether nothing late can come any more of what is gone."""
    return (
        not is_there(history) and history[-1].at_milliseconds < now_milliseconds - LATE_MILLISECONDS
    )


def is_there(history: History) -> bool:
    """Whether the object, or its version, is there as far as was told."""
    return bool(history) and history[-1].kind != Kind.REMOVED


def encode(history: History) -> bytes:
    return orjson.dumps([list(told) for told in history])


def decode(value: bytes | None) -> History:
    return NOTHING if value is None else tuple(map(Told._make, orjson.loads(value)))


def _judge_version(history: History, told: Told) -> Verdict:
    """What is removed stays so, whatever comes late."""
    if any(old.kind == told.kind for old in history):
        return KNOWN
    is_late = bool(history) and not is_there(history)
    return Verdict(True, (told, *history) if is_late else (*history, told))


def _judge_notification(history: History, told: Told) -> Verdict:
    if any(old.kind == told.kind and old.sequencer == told.sequencer for old in history):
        return KNOWN
    place = len(history)
    while place and _is_before(told, history[place - 1]):
        place -= 1
    if not place and len(history) >= REMEMBERED_MAX:
        return KNOWN
    found = _first_shown(history, told, place)
    if found is not None:
        return Verdict(False, (*history[:found], told, *history[found + 1 :]))
    if place and _is_again(history[place - 1], told):
        return KNOWN  # and not remembered: what comes late between the two is then told last
    return Verdict(True, (*history[:place], told, *history[place:])[-REMEMBERED_MAX:])


def _first_shown(history: History, told: Told, place: int) -> int | None:
    """The index of what a listing had told before its notification came, None if nothing.

    Not one that something else follows which is older than `told`: that was another time.
    """
    for index in range(len(history) - 1, -1, -1):
        old = history[index]
        if index + 1 < place:
            return None
        if not old.sequencer and _is_again(old, told):
            return index
    return None


def _is_again(old: Told, told: Told) -> bool:
    """A removal has no ETag in a notification, while a listing knows what is gone."""
    return old.kind == told.kind and (old.etag == told.etag or told.kind == Kind.REMOVED)


def _is_before(one: Told, other: Told) -> bool:
    """By sequencer where both have one, else by time: listings have no sequencer."""
    if one.sequencer and other.sequencer:
        return is_before(one.sequencer, other.sequencer)
    return one.at_milliseconds < other.at_milliseconds
