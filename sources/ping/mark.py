"""How far a schedule has come, as it is stored: no slot up to there is fired again. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import orjson

KEY = "mark"


@dataclass(frozen=True, slots=True)
class Mark:
    """No slot up to `reached` is ever fired again. `@every` counts from `anchor`.

    `identity` is the schedule's: another one begins with its own next slot.
    """

    reached: datetime
    anchor: datetime
    identity: str

    def encode(self) -> bytes:
        return orjson.dumps(
            {
                "reached": to_text(self.reached),
                "anchor": to_text(self.anchor),
                "schedule": self.identity,
            }
        )


def decode_mark(value: bytes) -> Mark:
    found = orjson.loads(value)
    return Mark(
        datetime.fromisoformat(found["reached"]),
        datetime.fromisoformat(found["anchor"]),
        found["schedule"],
    )


def begin_mark(stored: Mark | None, identity: str, now: datetime) -> Mark:
    """Where a start at `now` goes on; `stored` itself where nothing has changed.

    A new source, and a changed schedule, begin with their next slot. What was reached is
    never lowered, whatever the clock says.
    """
    if stored is not None and stored.identity == identity:
        return stored
    reached = now if stored is None else max(now, stored.reached)
    return Mark(reached, now.replace(microsecond=0), identity)


def clock_behind(mark: Mark, now: datetime) -> timedelta:
    """By how much `now` is earlier than what was reached; nothing where it is not."""
    return max(mark.reached - now, timedelta())


def to_text(moment: datetime) -> str:
    """RFC 3339 with Z; a fraction only where there is one."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
