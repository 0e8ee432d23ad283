"""A clock for short deadlines: what the machine held up is not held against anybody.

Where a server and its client turn in one loop, a loop that stood still for longer than a
deadline finds it passed before it could bring what had been sent in time.
"""

import time
from datetime import UTC, datetime

STEP_SECONDS_MAX = 0.05


class UnhurriedClock:
    """Real time, but from one reading to the next at most `STEP_SECONDS_MAX` goes by."""

    def __init__(self) -> None:
        self._read_at = time.monotonic()
        self._seconds = self._read_at
        self._offset_seconds = time.time() - self._read_at

    def monotonic(self) -> float:
        now = time.monotonic()
        self._seconds += min(now - self._read_at, STEP_SECONDS_MAX)
        self._read_at = now
        return self._seconds

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._offset_seconds + self.monotonic(), UTC)
