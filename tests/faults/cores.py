"""Who computes where: so that what a load costs itself is not taken from whom it is to load."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

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
        yield Surroundings(prepare=lambda: os.sched_setaffinity(0, cores[:1]))
    finally:
        os.sched_setaffinity(0, cores)
