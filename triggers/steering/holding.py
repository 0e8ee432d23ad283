"""Hold: keep a lane as it is while an operator moves it, and wait until its calls have ended."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from broker.errors import Unavailable
from triggers.lane import Lane
from triggers.router import Router

REVISION = "revision"  # until its revision is on disk
MOVING = "moving"  # while it is sought, or ordered differently
GRACE_SECONDS = 5.0  # beyond a call's own deadline


class Holding:
    """Of one partition; `let_go(lane)` is told when a lane is held no more."""

    def __init__(self, router: Router, let_go: Callable[[Lane], None]) -> None:
        self._router = router
        self._let_go = let_go
        self._awaiting_quiet: dict[Lane, list[asyncio.Future[None]]] = {}

    def hold(self, lane: Lane, why: str) -> None:
        """No call of `lane` begins and it is fed nothing, until `release` says the same."""
        lane.holds.add(why)
        if lane.is_following:
            self._router.fall_behind(lane, self._router.routed)

    def release(self, lane: Lane, why: str) -> None:
        if why not in lane.holds:
            return
        lane.holds.discard(why)
        if not lane.holds:
            if lane in self._router.behind and lane.position >= self._router.routed:
                self._router.catch_up(lane)
            self._let_go(lane)

    @contextmanager
    def held(self, lane: Lane, why: str) -> Iterator[None]:
        self.hold(lane, why)
        try:
            yield
        finally:
            self.release(lane, why)

    async def quiet(self, lane: Lane) -> None:
        """Wait until no call of a held lane is in flight.

        Raises Unavailable where a call outlasts its deadline.
        """
        if not lane.in_flight:
            return
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = self._awaiting_quiet.setdefault(lane, [])
        waiting.append(ended)
        try:
            async with asyncio.timeout(lane.spec.policy.timeout_seconds + GRACE_SECONDS):
                await ended
        except TimeoutError as error:
            raise Unavailable(
                f"a call of trigger {lane.name} outlasts its delivery.timeout",
                code="still-in-flight",
                remedy="try again when its sink has answered; nothing was changed",
                retry_after_seconds=5.0,
            ) from error

    def call_ended(self, lane: Lane) -> None:
        """One of `lane`'s calls is about to end: look once it has."""
        if lane in self._awaiting_quiet:
            asyncio.get_running_loop().call_soon(self._look, lane)

    def _look(self, lane: Lane) -> None:
        if lane.in_flight:
            return
        for ended in self._awaiting_quiet.pop(lane, ()):
            if not ended.done():
                ended.set_result(None)


def rewind(lane: Lane, position: int, settled: tuple[tuple[int, int], ...]) -> None:
    """Give back to the log what a quiet lane has of it in memory; its rows stay as they are.

    `settled` are ranges beyond `position` that are not delivered again. Whose turn comes by
    that among the rows is for the caller: see `Turns.forget_events`.
    """
    for stored in lane.queue:
        lane.budget.use(-stored.size_bytes)
    lane.queue.clear()
    rows = [one for one in lane.held if one.row is not None or one.waiting]
    lane.held.clear()
    lane.held.extend(rows)
    lane.open.clear()
    lane.position = position
    lane.skip = settled
    lane.ledger.touch(lane)
