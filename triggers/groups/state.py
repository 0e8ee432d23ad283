"""What operators have said of a group, and what follows from it. Pure.

    open ──▶ acknowledged ──▶ resolved ──(another dead letter)──▶ open, regressed
      └──────────▶ ignored                    (ignored stays so, whatever comes)

That a resolved group is open again is not written when it happens: it follows from its record
and from what the store counts, so that no end of the process can put the two out of step.
"""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum

import orjson

from broker.clock import EPOCH, from_milliseconds, to_milliseconds
from broker.storage.desk import Group

NOTE_CHARACTERS_MAX = 4_000
OWNER_CHARACTERS_MAX = 200


class GroupState(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    IGNORED = "ignored"


class Turn(StrEnum):
    """What is told of a group, as the end of an event's type."""

    OPENED = "opened"
    RESOLVED = "resolved"
    REGRESSED = "regressed"


@dataclass(frozen=True, slots=True)
class GroupRecord:
    """What is stored of a group beside its counts.

    `at` and `by` are of the last verb; `total` and `first_at` are the group's when it was
    resolved; `told` is the last turn that an event has told of, empty before the first.
    """

    state: GroupState = GroupState.OPEN
    at: datetime = EPOCH
    by: str = ""
    note: str = ""
    owner: str = ""
    total: int = 0
    first_at: datetime = EPOCH
    is_regressed: bool = False
    told: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """What a verb may say besides; None leaves it as it is."""

    note: str | None = None
    owner: str | None = None


UNTENDED = GroupRecord()


def reopened(record: GroupRecord, group: Group) -> GroupRecord:
    """`record` as it counts now: resolved, and open again where failures came after that.

    They are counted, for a clock may have been set back meanwhile; where the group was gone and
    has come again, its count begins anew and so does its first failure.
    """
    is_new = group.total > record.total or group.first_at != record.first_at
    if record.state is not GroupState.RESOLVED or not is_new:
        return record
    return replace(record, state=GroupState.OPEN, is_regressed=True)


def untold(record: GroupRecord) -> Turn | None:
    """What is still to be told of a group whose record, as it counts now, is `record`."""
    if not record.told:
        return Turn.OPENED
    if record.state is GroupState.RESOLVED and record.told != Turn.RESOLVED:
        return Turn.RESOLVED
    if record.is_regressed and record.told != Turn.REGRESSED:
        return Turn.REGRESSED
    return None


def changed(
    record: GroupRecord, group: Group, state: GroupState, by: str, now: datetime
) -> GroupRecord:
    """`record`, as it counts now, after somebody put the group into `state`."""
    if state is record.state:
        return record
    after = replace(record, state=state, at=now, by=by)
    if state is not GroupState.RESOLVED:
        return after
    # Whatever was not told of the time before is over; this end is told, and the next beginning.
    told = Turn.OPENED if record.told else ""
    return replace(after, total=group.total, first_at=group.first_at, is_regressed=False, told=told)


def remarked(record: GroupRecord, remark: Remark, by: str, now: datetime) -> GroupRecord:
    note = record.note if remark.note is None else remark.note
    owner = record.owner if remark.owner is None else remark.owner
    if (note, owner) == (record.note, record.owner):
        return record
    at = record.at if record.state is GroupState.RESOLVED else now  # it says since when
    return replace(record, note=note, owner=owner, at=at, by=by)


def pack(record: GroupRecord) -> bytes:
    times = {"at": to_milliseconds(record.at), "first_at": to_milliseconds(record.first_at)}
    return orjson.dumps({**asdict(record), **times})


def unpack(value: bytes) -> GroupRecord:
    found = orjson.loads(value)
    times = {name: from_milliseconds(found[name]) for name in ("at", "first_at")}
    return GroupRecord(**{**found, **times, "state": GroupState(found["state"])})
