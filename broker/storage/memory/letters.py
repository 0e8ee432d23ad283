"""Dead letters and their groups in memory, each group kept in step with every change."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from broker.clock import to_milliseconds
from broker.storage.condition import FIELD_VALUES, plain
from broker.storage.desk import Condition, Group, Term
from broker.storage.rows import DeadLetter, DeadState, Move


@dataclass(slots=True)
class _Tally:
    """A group's running numbers; `kept` are its letters in whatever state."""

    latest: DeadLetter
    first_at: datetime
    last_at: datetime
    count: int = 0
    total: int = 0
    kept: int = 0


class Letters:
    """All dead letters of a partition by id."""

    def __init__(self) -> None:
        self.by_id: dict[str, DeadLetter] = {}
        self._tallies: dict[str, _Tally] = {}
        self.size_bytes = 0

    def put(self, letter: DeadLetter) -> None:
        """Add it, or write it again under its id after a redrive failed.

        Another delivery of its event (redrives 0) does not end a redrive: its row is there.
        """
        before = self.by_id.get(letter.id)
        if before is not None and before.state is DeadState.REDRIVING and not letter.redrives:
            letter = replace(letter, state=DeadState.REDRIVING, redrives=before.redrives)
        if before is not None:  # as the columns of a row that is written again stay
            letter = replace(letter, moved_by=before.moved_by, moved_reason=before.moved_reason)
        tally = self._tallies.setdefault(
            letter.group, _Tally(letter, letter.dead_at, letter.dead_at)
        )
        tally.count += letter.state is DeadState.DEAD
        tally.total += 1
        tally.kept += 1
        if letter.dead_at >= tally.last_at:
            tally.latest = letter
        tally.first_at = min(tally.first_at, letter.dead_at)
        tally.last_at = max(tally.last_at, letter.dead_at)
        self.by_id[letter.id] = letter
        self.size_bytes += letter_bytes(letter)
        if before is not None:
            self._leave_group(before)

    def move(self, move: Move) -> bool:
        letter = self.by_id.get(move.id)
        if letter is None or letter.state not in move.from_states:
            return False
        after = replace(letter, moved_by=move.by, moved_reason=move.reason)
        if move.to_state is not None:
            after = replace(after, state=move.to_state, purge_at=move.purge_at)
        if move.forwarded is not None:
            after = replace(after, forwarded=move.forwarded)
        if move.parked is not None:
            after = replace(after, redrives=move.parked.redrives)
        self.by_id[move.id] = after
        tally = self._tallies[letter.group]
        tally.count += (after.state is DeadState.DEAD) - (letter.state is DeadState.DEAD)
        return True

    def forget(self, letter: DeadLetter) -> None:
        del self.by_id[letter.id]
        self._leave_group(letter)

    def _leave_group(self, letter: DeadLetter) -> None:
        self.size_bytes -= letter_bytes(letter)
        tally = self._tallies[letter.group]
        tally.count -= letter.state is DeadState.DEAD
        tally.kept -= 1
        if tally.kept == 0:
            del self._tallies[letter.group]
        elif tally.latest.id == letter.id:
            alike = (other for other in self.by_id.values() if other.group == letter.group)
            tally.latest = max(alike, key=lambda other: (other.dead_at, other.id))

    def groups(self, trigger: str | None) -> list[Group]:
        """Those that still count something, latest first."""
        found = [
            _group(key, tally)
            for key, tally in self._tallies.items()
            if tally.count and trigger in (None, tally.latest.place.trigger)
        ]
        return sorted(found, key=lambda group: (group.last_at, group.id), reverse=True)

    def groups_named(self, ids: Sequence[str]) -> list[Group]:
        tallies = ((key, self._tallies.get(key)) for key in dict.fromkeys(ids))
        return [_group(key, tally) for key, tally in tallies if tally is not None]

    def newest(self, condition: Condition) -> list[DeadLetter]:
        found = [letter for letter in self.by_id.values() if meets(letter, condition)]
        return sorted(found, key=_order, reverse=True)

    def oldest(self) -> list[DeadLetter]:
        return sorted(self.by_id.values(), key=_order)


def _order(letter: DeadLetter) -> tuple[int, str]:
    """As cursors have it: in milliseconds."""
    return to_milliseconds(letter.dead_at), letter.id


def letter_bytes(letter: DeadLetter) -> int:
    bodies = {attempt.body for attempt in letter.attempts}
    return letter.event.size_bytes + len(letter.message) + sum(map(len, bodies))


def meets(letter: DeadLetter, condition: Condition) -> bool:
    return all(_meets(FIELD_VALUES[term.field](letter), term) for term in condition)


def _meets(value: str | int | None, term: Term) -> bool:
    if isinstance(term.value, tuple):
        return value in [plain(item) for item in term.value]
    wanted = plain(term.value)
    if term.operator == "!=":
        return value != wanted
    if isinstance(value, str) and isinstance(wanted, str):
        return (
            value.startswith(wanted)
            if term.operator == "prefix"
            else _compare((value > wanted) - (value < wanted), term.operator)
        )
    if isinstance(value, int) and isinstance(wanted, int):
        return _compare((value > wanted) - (value < wanted), term.operator)
    return False


def _compare(order: int, operator: str) -> bool:
    return {
        "=": order == 0,
        "<": order < 0,
        "<=": order <= 0,
        ">": order > 0,
        ">=": order >= 0,
    }[operator]


def _group(key: str, tally: _Tally) -> Group:
    letter = tally.latest
    return Group(
        id=key,
        trigger=letter.place.trigger,
        sink=letter.sink,
        outcome_class=letter.outcome_class,
        status=letter.status,
        reason=letter.reason,
        pattern=letter.pattern,
        count=tally.count,
        total=tally.total,
        first_at=tally.first_at,
        last_at=tally.last_at,
        example=letter.id,
    )
