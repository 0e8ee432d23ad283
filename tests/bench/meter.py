"""A stretch of time: how long it took, and what a broker and the rest used meanwhile."""

import os
import time

from tests.bench.figures import Figures
from tests.bench.machine import busy_core_seconds, cpu_seconds, resident_mb


class Meter:
    """Begins when it is made; `read` may be called often, the last reading counts."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._begun = (time.monotonic(), cpu_seconds(pid), busy_core_seconds(), _own_seconds())
        self.seconds = 0.0
        self.cpu_seconds = 0.0
        self.other_cores = 0.0
        self.rss_mb = 0.0

    def read(self) -> None:
        begun, cpu, busy, own = self._begun
        self.seconds = time.monotonic() - begun
        self.cpu_seconds = cpu_seconds(self._pid) - cpu
        idle_less = busy_core_seconds() - busy - self.cpu_seconds - (_own_seconds() - own)
        self.other_cores = max(0.0, idle_less / self.seconds)
        self.rss_mb = resident_mb(self._pid)

    def figures(self, accepted: int, deliveries: int) -> Figures:
        """The figures that every run has; rates are over the whole stretch."""
        events = max(accepted, 1)
        return {
            "events_per_second": accepted / self.seconds,
            "deliveries_per_second": deliveries / self.seconds,
            "cpu_us_per_event": self.cpu_seconds / events * 1e6,
            "broker_cores": self.cpu_seconds / self.seconds,
            "other_cores": self.other_cores,
            "rss_mb": self.rss_mb,
            "accepted": accepted,
            "deliveries": deliveries,
        }


def _own_seconds() -> float:
    times = os.times()
    return times.user + times.system
