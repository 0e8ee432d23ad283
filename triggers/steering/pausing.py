"""Pause and resume: by a command, by a sink's answer, by the configuration."""

from broker.storage.rows import TriggerState
from triggers.lane import Lane
from triggers.steering.parts import Parts


def put_state(parts: Parts, lane: Lane, state: TriggerState) -> bool:
    """Let `lane` be paused or not as `state` says, and write it; True if that changed."""
    if state == lane.trigger_state:
        return False
    was_paused, lane.trigger_state = lane.is_paused, state
    parts.ledger.states.append(state)
    if was_paused == state.paused:
        return False
    lane.is_paused = state.paused
    if state.paused:
        lane.pauses.begin(parts.clock.now())
        parts.telemetry.emit("trigger.paused", trigger=lane.name, reason=state.reason)
    else:
        lane.pauses.end(parts.clock.now())
        parts.telemetry.emit("trigger.resumed", trigger=lane.name, by=state.by)
        parts.go_on(lane)
    return True
