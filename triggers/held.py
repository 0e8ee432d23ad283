"""Held deliveries: those that go back to their lane and wait for its target, unsettled.

Nothing of them is written: to cursors and checkpoints they are still on their way. There are
never more of them than calls may carry, since a lane takes them before anything else.
"""

from operator import attrgetter
from typing import TYPE_CHECKING

from broker.delivery import Failed, OutcomeClass
from triggers.carriage import Carriage

if TYPE_CHECKING:
    from triggers.lane import Lane

TRIED_FRESH_MAX = 32  # held ones beyond which the next to be tried is one of them


def give_back(lane: "Lane", carriage: Carriage, failed: Failed) -> None:
    """`carriage` waits again."""
    forgive_suspicion(carriage, failed)
    lane.held.append(carriage)


def forgive_suspicion(carriage: Carriage, failed: Failed) -> None:
    """Where the model shows to be away, a suspicion before that was no attempt."""
    row = carriage.row
    is_away = failed.outcome_class is OutcomeClass.NOT_READY
    if is_away and row is not None and row.attempts:
        last = row.attempts[-1]
        if last.outcome_class == OutcomeClass.SUSPECT.value:
            carriage.attempt = min(carriage.attempt, last.number)


def take_held(lane: "Lane", limit: int) -> list[Carriage]:
    """Up to `limit` of them, in the order of the log."""
    held = sorted(lane.held, key=attrgetter("offset"))
    lane.held.clear()
    lane.held.extend(held[limit:])
    return held[:limit]


def take_to_try(lane: "Lane") -> list[Carriage]:
    """One delivery to find out whether the target works: another one each time.

    A fresh one where there is one, so that no single event could keep the target from working.
    """
    if lane.queue and len(lane.held) < TRIED_FRESH_MAX:
        return [lane.take_fresh()]
    for line in (lane.held, lane.released, lane.retries):
        if line:
            return [line.popleft()]
    return [lane.take_fresh()]
