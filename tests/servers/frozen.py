"""Whether processes have stopped: the signal is on its way for a moment, to each thread."""

from collections.abc import Iterator
from pathlib import Path

STOPPED = frozenset("TtZX")  # proc(5), the third field of stat; or dead
PROC = Path("/proc")


def is_stopped(process: int) -> bool:
    """Each thread of it; true where the system does not tell."""
    return all(state in STOPPED for state, _ in _threads(f"{process}/task/*/stat"))


def are_stopped(group: int) -> bool:
    """Each thread of each process of that group."""
    threads = _threads("[0-9]*/task/*/stat")
    return all(state in STOPPED for state, own_group in threads if own_group == group)


def _threads(pattern: str) -> Iterator[tuple[str, int]]:
    """The state and the group of each."""
    for stat in PROC.glob(pattern):
        try:
            state, _, group = stat.read_text().rpartition(")")[2].split()[:3]
        except (OSError, ValueError):  # it has just ended
            continue
        yield state, int(group)
