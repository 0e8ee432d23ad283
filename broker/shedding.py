"""Refusals that are told a little later, so that telling them leaves time for the others.

A publisher that is refused at once sends the next at once: under a load of several times
what can be taken, refusing would be most of the work. Each is told within a second,
and its connection waits meanwhile: there are never more of them than connections.
"""

import asyncio
from collections import deque
from math import ceil

from broker.errors import Overloaded
from broker.http_message import Answer, Respond
from broker.problem import problem_of

WAIT_SECONDS = 0.8
LOOK_SECONDS = 0.05


class Shedding:
    """Ask it for nothing; it keeps one timer while somebody waits, on the running loop."""

    def __init__(self, wait_seconds: float = WAIT_SECONDS) -> None:
        self._wait_seconds = wait_seconds
        self._answers: dict[tuple[str, int], Answer] = {}  # alike but for Retry-After
        self._waiting: deque[tuple[float, Respond, Overloaded]] = deque()  # oldest first

    def tell_later(self, respond: Respond, error: Overloaded) -> None:
        """`respond` with `error` after a while; one that has left by then needs nothing."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_later(self._wait_seconds, self._tell)
        self._waiting.append((loop.time() + self._wait_seconds, respond, error))

    def _tell(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + LOOK_SECONDS / 2
        while self._waiting and self._waiting[0][0] <= until:
            _, respond, error = self._waiting.popleft()
            respond(self._answer(error))
        if self._waiting:
            loop.call_later(LOOK_SECONDS, self._tell)

    def _answer(self, error: Overloaded) -> Answer:
        key = (error.what, ceil(error.retry_after_seconds or 1.0))
        answer = self._answers.get(key)
        if answer is None:
            answer = self._answers[key] = problem_of(error)
        return answer
