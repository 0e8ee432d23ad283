"""Small keyed values and the audit of a memory partition."""

from collections.abc import Sequence

from broker.storage.memory.state import State
from broker.storage.rows import Audit


class MemoryRecords:
    """Only looks; records are written by appends and checkpoints."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def get(self, key: str) -> tuple[bytes, int] | None:
        return self._state.records.get(key)

    async def scan(
        self, prefix: str, after: str = "", limit: int = 1000
    ) -> Sequence[tuple[str, bytes, int]]:
        keys = sorted(k for k in self._state.records if k.startswith(prefix) and k > after)
        return [(key, *self._state.records[key]) for key in keys[:limit]]

    async def audit(
        self, limit: int = 50, before: int | None = None
    ) -> Sequence[tuple[int, Audit]]:
        numbered = list(enumerate(self._state.audit, 1))
        kept = [item for item in numbered if before is None or item[0] < before]
        return kept[::-1][:limit]
