"""Waits for what a server does in its own time."""

import time
from collections.abc import Callable

REACHED_SECONDS_MAX = 30.0
POLL_SECONDS = 0.02


def until(reached: Callable[[], bool]) -> None:
    """Raises TimeoutError after half a minute."""
    deadline = time.monotonic() + REACHED_SECONDS_MAX
    while not reached():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{reached} is not so after {REACHED_SECONDS_MAX:g} s")
        time.sleep(POLL_SECONDS)
