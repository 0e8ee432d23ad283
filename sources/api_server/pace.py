"""How long to wait before the same is asked again: growing, jittered, capped. Pure."""

from collections.abc import Callable

SECONDS_MIN = 0.2
SECONDS_MAX = 30.0


class Pace:
    """`chance` gives numbers from 0 to 1; `reset` after a success."""

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._tries = 0

    def reset(self) -> None:
        self._tries = 0

    def next_seconds(self) -> float:
        wait_seconds = min(SECONDS_MAX, SECONDS_MIN * 2.0 ** min(self._tries, 16))
        self._tries += 1
        return wait_seconds * (0.5 + self._chance() / 2)
