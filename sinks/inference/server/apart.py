"""One variant of several that is away or stopped: its events wait apart while others go on.

A sink with one model holds what waits in line; here that would keep other variants' events
waiting behind it. Decides, and sends nothing.
"""

from dataclasses import replace
from math import inf

from broker.delivery import Failed, Outcome, OutcomeClass
from sinks.inference_spec import HoldSpec
from sinks.target import TargetState
from sinks.target_gate import Gate
from sinks.target_model import ModelTarget

STOPPED_SECONDS = 600.0  # between two looks of an event: an operator's act brings it sooner
_KEPT = (OutcomeClass.BAD_INPUT, OutcomeClass.CONFIG)


def kept_apart(
    outcome: Outcome, gate: Gate, target: ModelTarget, hold: HoldSpec, now: float
) -> Outcome:
    """`outcome` of a variant, as it is where there are others; one that is not held stays."""
    if len(target.gates) == 1 or not isinstance(outcome, Failed) or not outcome.is_held:
        return outcome
    if outcome.outcome_class is OutcomeClass.CONFIG and not target.stop(gate, now, outcome.message):
        return outcome  # nothing else goes on: the trigger is paused
    found = outcome.outcome_class
    apart = replace(
        outcome,
        outcome_class=found if found in _KEPT else OutcomeClass.NOT_READY,
        reason=None,
        pause=False,
        is_held=False,
        parked_seconds=gate.look_seconds(now),
        apart_max_seconds=inf,
    )
    if gate.state is TargetState.PAUSED:
        return replace(apart, outcome_class=OutcomeClass.CONFIG, parked_seconds=STOPPED_SECONDS)
    max_hold = hold.max_hold_seconds
    if gate.away_since is None or now - gate.away_since < max_hold:
        return apart
    what = f"the model was away for longer than maxHold, {max_hold:g} s"
    return replace(apart, message=what, apart_max_seconds=max_hold)
