"""keepWarm: at the slots of its cron expression, whatever the probe finds."""

import asyncio
from datetime import UTC, datetime, timedelta

from broker.errors import Unavailable
from sinks.inference.server.keep_warm import keep_warm
from tests.scenarios.house import JumpingLoop

BEGINNING = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)


class SlotClock:
    def now(self) -> datetime:
        return BEGINNING + timedelta(seconds=self.monotonic() - 1000.0)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


def test_it_probes_at_each_slot_and_goes_on_after_a_failure() -> None:
    probed: list[str] = []

    async def probe() -> None:
        probed.append(clock.now().strftime("%H:%M:%S"))
        raise Unavailable("asleep")

    async def warm_for_a_while() -> None:
        warming = asyncio.get_running_loop().create_task(keep_warm("*/5 * * * *", clock, probe))
        await asyncio.sleep(16 * 60)
        warming.cancel()
        await asyncio.gather(warming, return_exceptions=True)

    clock = SlotClock()
    loop = JumpingLoop()
    loop.run_until_complete(warm_for_a_while())
    loop.close()

    assert probed == ["12:05:00", "12:10:00", "12:15:00"]
