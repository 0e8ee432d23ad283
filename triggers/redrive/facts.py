"""What a plan's warnings need to know of each trigger, as its lane is now."""

from collections import Counter
from collections.abc import Iterable, Mapping

from broker.storage.rows import DeadLetter
from triggers.lane import Lane
from triggers.lane_counts import LaneCounts
from triggers.redrive.planning import TriggerFacts

SAMPLED = 100  # dead letters of a trigger that are asked whether they match its filter today
MESSAGE_CHARACTERS = 120


class Sampling:
    """Looks at some dead letters of each trigger of a plan."""

    def __init__(self, lanes: Mapping[str, Lane]) -> None:
        self._lanes = lanes
        self._sampled: Counter[str] = Counter()
        self._differing: Counter[str] = Counter()

    def add(self, letter: DeadLetter) -> None:
        name = letter.place.trigger
        lane = self._lanes.get(name)
        if lane is None or self._sampled[name] >= SAMPLED:
            return
        self._sampled[name] += 1
        self._differing[name] += not lane.revisions[-1][2].matches(letter.event)

    def facts(self, triggers: Iterable[str]) -> list[TriggerFacts]:
        return [self._of(name) for name in triggers]

    def _of(self, name: str) -> TriggerFacts:
        lane = self._lanes.get(name)
        if lane is None or lane.is_companion:
            return TriggerFacts(name, is_there=False)
        counts = lane.counts
        return TriggerFacts(
            name,
            is_paused=lane.is_paused,
            paused_why=lane.trigger_state.reason,
            target_state=lane.target.state.value,
            last_failure=last_failure_of(counts),
            delivered_since=counts.ok - counts.ok_at_failure,
            sampled=self._sampled[name],
            differing=self._differing[name],
        )


def last_failure_of(counts: LaneCounts) -> str:
    """The latest error of a sink, empty where none is known."""
    latest = max(counts.last_errors.values(), key=lambda one: one[2], default=None)
    return "" if latest is None else latest[1][:MESSAGE_CHARACTERS]
