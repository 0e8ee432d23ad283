"""How many calls at once a sink that fails still gets: fewer with each failure, more with each
success.

A sink that answers each call with an error answers fast: as many calls as it may have would
take the time that others' deliveries need. One that mostly succeeds keeps all of them.
"""

from broker.delivery import Failed, Outcome, OutcomeClass
from triggers.lane import BREADTH_FREE, Lane

CALLS_MIN = 4


def narrow(lane: Lane) -> None:
    """A call has failed: one fewer at once, down to `CALLS_MIN`."""
    lane.breadth = max(CALLS_MIN, min(lane.breadth, lane.max_in_flight) - 1)


def widen(lane: Lane) -> None:
    """A call has succeeded: one more at once, until only its own limits count."""
    lane.breadth += 1
    if lane.breadth >= lane.max_in_flight:
        lane.breadth = BREADTH_FREE


def is_at_fault(outcome: Outcome) -> bool:
    """Whether the sink is, as far as an outcome tells, and not the event."""
    return isinstance(outcome, Failed) and outcome.outcome_class in (
        OutcomeClass.TRANSIENT,
        OutcomeClass.SUSPECT,
        OutcomeClass.OVERLOAD,
    )
