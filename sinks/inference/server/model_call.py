"""One request to a model server, and by when its answer must begin, go on and be whole."""

from collections.abc import Callable
from typing import NamedTuple

from broker.clock import Clock
from sinks.http_call import Answer, Call, NoAnswer


class Bounds(NamedTuple):
    """`deadline` is monotonic seconds; the others are inf where nothing is written."""

    deadline: float
    first_byte_seconds: float
    idle_seconds: float
    body_bytes_max: int


class ModelCall(Call):
    """Its deadline is the first of those that count: see `Bounds`."""

    __slots__ = ("_bounds", "_clock", "_is_begun")

    def __init__(
        self,
        head: bytes,
        body: bytes | None,
        bounds: Bounds,
        clock: Clock,
        done: Callable[[Answer | NoAnswer], None],
    ) -> None:
        until = min(bounds.deadline, clock.monotonic() + bounds.first_byte_seconds)
        super().__init__(head, body, until, lambda _status, _headers: bounds.body_bytes_max, done)
        self._bounds = bounds
        self._clock = clock
        self._is_begun = False

    def heard(self) -> None:
        """From the first byte on only pauses count, and the whole attempt."""
        self._is_begun = True
        bounds = self._bounds
        self.deadline = min(bounds.deadline, self._clock.monotonic() + bounds.idle_seconds)

    def why_late(self, otherwise: str) -> str:
        """Which of the deadlines has passed; `otherwise` where it is that of the attempt."""
        if self.deadline == self._bounds.deadline:
            return otherwise
        if self._is_begun:
            idle_seconds = self._bounds.idle_seconds
            return f"nothing more of the answer came for timeouts.idle, {idle_seconds:g} s"
        return f"nothing came within timeouts.firstByte, {self._bounds.first_byte_seconds:g} s"
