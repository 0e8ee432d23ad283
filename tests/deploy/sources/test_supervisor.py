"""A source that fails is run again, later and later, and the log hears of it once."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from broker.errors import Denied, Invalid, Unavailable
from broker.telemetry import Level, Telemetry
from deploy.sources.outlet import SourceOutlet
from deploy.sources.supervisor import (
    NOTICES_MAX,
    STEADY_SECONDS,
    WAIT_SECONDS_MAX,
    Supervisor,
)
from sources.source import Outlet, Source
from sources.spec import SourceSpec
from tests.scenarios.house import LoopClock
from tests.sources.inside import Inside

SPEC = SourceSpec("PingSource", "default/ticks", "default/default", options=None)
GONE = Unavailable("nobody answers at 127.0.0.1:9", remedy="start it")

Act = Callable[[Outlet], Awaitable[None]]


class ActedSource:
    """Does what a test wrote for it."""

    def __init__(self, act: Act) -> None:
        self._act = act

    async def run(self, outlet: Outlet) -> None:
        await self._act(outlet)

    async def check(self) -> str:
        return "nothing to connect to"


class Stage:
    """A supervisor whose source acts as `act` says at each run; `runs` are their times."""

    def __init__(self, inside: Inside) -> None:
        random.seed(1)  # tenacity draws its jitter there
        self.clock = LoopClock()
        self.runs: list[float] = []
        self.signals: list[tuple[str, dict[str, Any]]] = []
        self.act: Act = connected
        telemetry = Telemetry()
        telemetry.listen(self._heard)
        self.supervisor = Supervisor(
            SPEC,
            self._make,
            lambda spec, standing, counts: self._outlet(inside, standing),
            self.clock,
            telemetry,
        )

    def _heard(self, name: str, _level: Level, fields: dict[str, Any]) -> None:
        self.signals.append((name, fields))

    def _make(self, _: SourceSpec) -> Source:
        return ActedSource(self._run)

    def _outlet(self, inside: Inside, standing: Any) -> SourceOutlet:
        outlet = inside.outlet(SPEC)
        outlet.standing = standing
        return outlet

    async def _run(self, outlet: Outlet) -> None:
        self.runs.append(self.clock.monotonic())
        await self.act(outlet)

    def told(self, name: str) -> list[dict[str, Any]]:
        return [fields for signal, fields in self.signals if signal == name]


async def connected(outlet: Outlet) -> None:
    outlet.standing.connect("two partitions")
    await asyncio.Event().wait()


async def gone(outlet: Outlet) -> None:
    raise GONE


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    inside = Inside(LoopClock())
    await inside.open()
    made = Stage(inside)
    yield made
    await made.supervisor.stop()
    await inside.close()


async def test_a_source_that_connects_is_told_so(stage: Stage) -> None:
    stage.supervisor.start()
    await asyncio.sleep(1)

    assert stage.supervisor.state == "connected"
    assert stage.told("source.connected")[0]["detail"] == "two partitions"


async def test_one_that_fails_is_tried_for_ever_and_later_each_time(stage: Stage) -> None:
    stage.act = gone
    stage.supervisor.start()
    await asyncio.sleep(3600)

    waits = [after - before for before, after in zip(stage.runs, stage.runs[1:], strict=False)]
    assert stage.supervisor.state == "retrying"
    assert stage.supervisor.errors == len(stage.runs)
    assert max(waits[:3]) < 4.1
    assert max(waits) <= WAIT_SECONDS_MAX
    assert 120 < len(stage.runs) < 400  # a quarter of a minute on average, once they are long


async def test_the_log_hears_of_a_failure_once_and_of_another_again(stage: Stage) -> None:
    stage.act = gone
    stage.supervisor.start()
    await asyncio.sleep(600)

    async def denied(_: Outlet) -> None:
        raise Denied("the password is wrong", remedy="set SASL_PASSWORD")

    stage.act = denied
    await asyncio.sleep(600)

    told = [fields["error"] for fields in stage.told("source.failed")]
    assert told == ["nobody answers at 127.0.0.1:9", "the password is wrong"]
    assert stage.supervisor.last_failure is not None
    assert stage.supervisor.last_failure.remedy == "set SASL_PASSWORD"


async def test_once_it_was_steady_its_waits_begin_anew(stage: Stage) -> None:
    stage.act = gone
    stage.supervisor.start()
    await asyncio.sleep(600)

    ended_at: list[float] = []

    async def steady_then_gone(outlet: Outlet) -> None:
        outlet.standing.connect()
        await asyncio.sleep(STEADY_SECONDS)
        stage.act = gone
        ended_at.append(stage.clock.monotonic())
        raise GONE

    stage.act = steady_then_gone
    await asyncio.sleep(2 * WAIT_SECONDS_MAX + STEADY_SECONDS)

    soon = [at for at in stage.runs if ended_at[0] <= at < ended_at[0] + 5]
    assert len(soon) >= 3


async def test_one_that_connects_and_fails_at_once_is_no_hot_loop(stage: Stage) -> None:
    async def flapping(outlet: Outlet) -> None:
        outlet.standing.connect()
        raise GONE

    stage.act = flapping
    stage.supervisor.start()
    await asyncio.sleep(600)

    assert len(stage.runs) < 100


async def test_a_defect_is_told_as_one_and_tried_again(stage: Stage) -> None:
    async def broken(_: Outlet) -> None:
        raise ZeroDivisionError("a secret, perhaps")

    stage.act = broken
    stage.supervisor.start()
    await asyncio.sleep(60)

    (told,) = stage.told("source.failed")
    assert told["code"] == "defect"
    assert told["error"].startswith("ZeroDivisionError at test_supervisor.py:")
    assert len(stage.runs) > 2


async def test_of_several_failures_at_once_the_first_is_told(stage: Stage) -> None:
    async def both(_: Outlet) -> None:
        raise ExceptionGroup("two tasks", [Invalid("no topic a", remedy="make it"), GONE])

    stage.act = both
    stage.supervisor.start()
    await asyncio.sleep(1)

    assert stage.told("source.failed")[0]["error"] == "no topic a"


async def test_one_that_ends_by_itself_is_run_again(stage: Stage) -> None:
    async def ending(_: Outlet) -> None:
        return

    stage.act = ending
    stage.supervisor.start()
    await asyncio.sleep(60)

    assert len(stage.runs) > 2
    assert stage.supervisor.last_failure is not None


async def test_a_stopped_one_stays_so_and_may_be_started_again(stage: Stage) -> None:
    stage.supervisor.start()
    await asyncio.sleep(1)

    await stage.supervisor.stop()
    state = stage.supervisor.state
    stage.supervisor.start()
    await asyncio.sleep(1)

    assert (state, stage.supervisor.state) == ("stopped", "connected")
    assert len(stage.runs) == 2


async def test_one_that_does_not_end_is_left_behind(stage: Stage) -> None:
    async def deaf(_: Outlet) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(3600)

    stage.act = deaf
    stage.supervisor.start()
    await asyncio.sleep(1)
    began = stage.clock.monotonic()

    await stage.supervisor.stop()

    assert stage.clock.monotonic() - began < 10
    assert "left behind" in stage.told("source.notice")[0]["notice"]


async def test_a_notice_is_told_once_and_not_without_end(stage: Stage) -> None:
    async def noting(outlet: Outlet) -> None:
        for number in range(NOTICES_MAX * 2):
            outlet.standing.notice(f"notice {number}")
            outlet.standing.notice("the same")
        await connected(outlet)

    stage.act = noting
    stage.supervisor.start()
    await asyncio.sleep(1)

    told = [fields["notice"] for fields in stage.told("source.notice")]
    assert len(told) == NOTICES_MAX
    assert told.count("the same") == 1
