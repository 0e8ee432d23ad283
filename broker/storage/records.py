"""The contract of small durable keyed values; written only inside an append or a checkpoint."""

from collections.abc import Sequence
from typing import Protocol

from broker.storage.rows import Audit


class Records(Protocol):
    async def get(self, key: str) -> tuple[bytes, int] | None:
        """(value, revision) or None; the revision counts from 1 with each write."""
        ...

    async def scan(
        self, prefix: str, after: str = "", limit: int = 1000
    ) -> Sequence[tuple[str, bytes, int]]:
        """(key, value, revision) by ascending key, keys > `after` only."""
        ...

    async def audit(
        self, limit: int = 50, before: int | None = None
    ) -> Sequence[tuple[int, Audit]]:
        """(number, act), newest first, numbers < `before` only."""
        ...
