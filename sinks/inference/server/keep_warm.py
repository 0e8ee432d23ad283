"""Keep a model warm: ask whether it is there at the times of a cron expression (in UTC)."""

import asyncio
from collections.abc import Awaitable, Callable

from cronsim import CronSim

from broker.clock import Clock
from broker.errors import Unavailable

LOOK_SECONDS_MAX = 60.0  # between looks at the clock, which may be set


async def keep_warm(expression: str, clock: Clock, probe: Callable[[], Awaitable[None]]) -> None:
    """Until cancelled. What a probe finds is of no account: it was made to be noticed there."""
    due_at = next(CronSim(expression, clock.now()))
    while True:
        wait_seconds = (due_at - clock.now()).total_seconds()
        if wait_seconds > 0:
            await asyncio.sleep(min(wait_seconds, LOOK_SECONDS_MAX))
            continue
        due_at = next(CronSim(expression, clock.now()))
        try:
            await probe()
        except Unavailable:
            continue
