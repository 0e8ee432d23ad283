"""Where triggers stand, in numbers: what is behind the cursor, what has rows. Reads only."""

from deploy.config.meanings import Unsettled
from deploy.running import Running, RunningBroker
from triggers.lane import Lane


def lane_backlog(broker: RunningBroker, lane: Lane) -> int:
    """Stored events beyond the trigger's cursor, matching or not; parked ones are apart."""
    if lane.is_companion or lane.is_following_idle:
        return 0
    if lane.is_following:
        return len(lane.open) if lane.turns is not None else len(lane.queue) + len(lane.open)
    return max(0, broker.partition.router.routed - lane.cursor().offset)


def unsettled_of(broker: RunningBroker, lane: Lane) -> Unsettled:
    """What the trigger still has to do, copies for its deadLetterSink included."""
    copies = lane.companion.parked_count if lane.companion is not None else 0
    return Unsettled(
        lane_backlog(broker, lane),
        lane.parked_count + copies,
        lane.turns.rows if lane.turns else 0,
        lane.is_removing,
    )


def all_unsettled(running: Running) -> dict[str, Unsettled]:
    """By trigger."""
    return {name: unsettled_of(broker, lane) for name, (broker, lane) in running.lanes().items()}


def seen_by(lane: Lane) -> int:
    """Matching events that have reached the trigger: settled, in memory, or with a row."""
    unsettled = len(lane.open) if lane.turns is not None else len(lane.queue) + len(lane.open)
    return lane.totals.matched + unsettled


def broker_key(broker: RunningBroker) -> str:
    """The name of a broker among rates: it may have that of a trigger."""
    return f"broker {broker.spec.name}"
