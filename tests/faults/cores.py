"""Who computes where: so that what a load costs itself is not taken from whom it is to load."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.process import Surroundings


@contextmanager
def divided_cores() -> Iterator[Surroundings]:
    """The program started into these surroundings has the first core, all others the rest.

    Where there is only one core they share it.
    """
    cores = sorted(os.sched_getaffinity(0))
    rest = set(cores[1:]) or set(cores)
    os.sched_setaffinity(0, rest)
    try:
        yield Surroundings(by=("taskset", "-c", str(cores[0])))
    finally:
        os.sched_setaffinity(0, cores)


def cpu_seconds(pid: int) -> float:
    """Of all threads of a process, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Share:
    """How much of the first core a process had to itself, from when this was made."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._core = min(os.sched_getaffinity(pid))
        self._began = time.monotonic()
        self._others_began = self._others_seconds()

    def ratio(self) -> float:
        """1.0: nobody else worked there. Network interrupts are not others' work."""
        others = self._others_seconds() - self._others_began
        return max(0.01, 1.0 - others / (time.monotonic() - self._began))

    def _others_seconds(self) -> float:
        lines = Path("/proc/stat").read_text().splitlines()
        told = next(line for line in lines if line.startswith(f"cpu{self._core} "))
        user, nice, system, _, _, _, _, steal = map(int, told.split()[1:9])
        busy = (user + nice + system + steal) / os.sysconf("SC_CLK_TCK")
        return busy - cpu_seconds(self._pid)
