"""What may be set for one SQLite partition, with its defaults."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from broker.errors import HeadraceError

MEBIBYTE = 1 << 20
WAL_BYTES_MIN = 256 << 10


def draw_log_id() -> str:
    """8 hex digits for a new partition."""
    return secrets.token_hex(4)


@dataclass(frozen=True, slots=True)
class SqliteOptions:
    """`on_fatal` is called once, on the loop, when the partition has stopped for good."""

    on_fatal: Callable[[HeadraceError], None] | None = None
    reserve_bytes: int = 64 * MEBIBYTE  # preallocated, so that checkpoints outlive a full disk
    commit_events_max: int = 1000
    commit_bytes_max: int = 1 * MEBIBYTE
    wal_move_bytes: int = 48 * MEBIBYTE  # see wal_due_bytes
    wal_bytes_max: int = 1024 * MEBIBYTE  # beyond it appends are refused
    wal_move_seconds: float = 10.0
    quick_check_bytes: int = 256 * MEBIBYTE  # larger files are checked in the background
    check_delay_seconds: float = 10.0  # after the start, where it is checked in the background
    reader_count: int = 2  # threads for the log, and as many for the desk
    desk_niceness: int = 10  # of the desk's threads: deliveries get ten times as much of a core
    draw_log_id: Callable[[], str] = draw_log_id
    synchronous: Literal["FULL", "NORMAL"] = "FULL"  # NORMAL loses answered events at power loss
    vfs: str | None = None
    # One connection for everything: for file systems (and VFSs) without shared memory.
    exclusive: bool = False

    @property
    def wal_due_bytes(self) -> int:
        """From here on the WAL is moved: it must still fit when only the reserve is left."""
        if not self.reserve_bytes:
            return self.wal_move_bytes
        return min(self.wal_move_bytes, max(self.reserve_bytes // 2, WAL_BYTES_MIN))
