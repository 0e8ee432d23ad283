"""An engine without a disk: the whole contract, for tests and for brokers that may forget."""

import secrets
from collections.abc import Callable

from broker.clock import Clock
from broker.storage.engine import CommitTimings
from broker.storage.memory.desk import MemoryDesk
from broker.storage.memory.log import MemoryLog
from broker.storage.memory.records import MemoryRecords
from broker.storage.memory.state import State
from broker.storage.memory.writer import MemoryWriter

BYTES_MAX = 1 << 30


def draw_log_id() -> str:
    """8 hex digits for a new partition."""
    return secrets.token_hex(4)


class MemoryEngine:
    """`bytes_max` bounds the events kept; beyond it appends are refused with StoreFull."""

    def __init__(
        self,
        clock: Clock,
        bytes_max: int = BYTES_MAX,
        draw_log_id: Callable[[], str] = draw_log_id,
    ) -> None:
        self._clock = clock
        self._bytes_max = bytes_max
        self._draw_log_id = draw_log_id
        self._use(State(draw_log_id()))

    def _use(self, state: State) -> None:
        self._state = state
        self._writer = MemoryWriter(state, self._clock, self._bytes_max)
        self.log = MemoryLog(state, self._writer)
        self.desk = MemoryDesk(state, self._clock)
        self.records = MemoryRecords(state)

    @property
    def timings(self) -> CommitTimings:
        return self._writer.timings

    def crash(self) -> "MemoryEngine":
        """What a power cut leaves: a new engine to open, holding only what was committed.

        Nothing pending here is ever answered, and this engine is not to be used again.
        """
        self._writer.drop()
        after = MemoryEngine(self._clock, self._bytes_max, self._draw_log_id)
        after._use(self._state)
        return after
