"""What comes in one turn of the loop is handed over together, at most 25 ms later."""

import asyncio

from broker.gathering import TURN_BUSY_SECONDS, WAIT_SECONDS_MAX, Gathering
from broker.storage.rows import Append


class Log:
    """Takes appends, and a clock that a test moves."""

    def __init__(self, is_pressed: bool) -> None:
        self.taken: list[Append] = []
        self.now = 100.0
        self.gathering = Gathering(self._take, lambda: is_pressed, lambda: self.now)

    def _take(self, *appends: Append) -> None:
        self.taken.extend(appends)

    def append(self) -> Append:
        one = Append((), b"", lambda _: None)
        self.gathering.append(one)
        return one


async def turns(count: int = 3) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_what_comes_in_one_turn_goes_together_and_in_order() -> None:
    log = Log(is_pressed=False)

    sent = [log.append(), log.append()]
    before = list(log.taken)
    await turns()

    assert (before, log.taken) == ([], sent)


async def test_a_loop_with_time_to_spare_does_not_wait_however_long_the_queues_are() -> None:
    log = Log(is_pressed=True)

    log.append()
    await turns()

    assert len(log.taken) == 1


async def test_a_busy_loop_waits_while_deliveries_queue_but_not_beyond_the_bound() -> None:
    log = Log(is_pressed=True)

    log.append()
    log.now += 2 * TURN_BUSY_SECONDS
    await turns()
    held = list(log.taken)
    log.now += WAIT_SECONDS_MAX
    async with asyncio.timeout(60):
        while not log.taken:
            await asyncio.sleep(0.001)

    assert (held, len(log.taken)) == ([], 1)


async def test_a_busy_loop_whose_deliveries_keep_up_does_not_wait() -> None:
    log = Log(is_pressed=False)

    log.append()
    log.now += 2 * TURN_BUSY_SECONDS
    await turns()

    assert len(log.taken) == 1
