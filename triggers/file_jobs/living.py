"""Whether live events wait for a model that jobs call too."""

from sinks.target import Target
from triggers.file_jobs.means import Means

SEEN_SECONDS = 0.05  # what was seen is as good as what is


class Living:
    def __init__(self, means: Means) -> None:
        self._means = means
        self._looked_at = float("-inf")
        self._targets: set[Target] = set()

    def waits(self, target: Target) -> bool:
        """As it was a moment ago: asked before each call."""
        now = self._means.clock.monotonic()
        if now - self._looked_at > SEEN_SECONDS:
            self._looked_at = now
            self._targets = {
                lane.target
                for lane in self._means.lanes.values()
                if lane.queue or lane.retries or lane.held or lane.in_flight
            }
        return target in self._targets
