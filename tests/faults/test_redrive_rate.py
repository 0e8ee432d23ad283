"""A redrive keeps its rate, ends when its plan said, and live events hardly notice it."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.cli.client import Admin, Item
from tests.faults.cores import divided_cores
from tests.faults.flood import Plan, flood
from tests.faults.ledger import Ledger
from tests.faults.process import END_SECONDS_MAX, Program, until
from tests.faults.publisher import exchange, request
from tests.faults.subscribers import OK, REFUSED, Subscriber
from tests.faults.world import resource, write_configuration

pytestmark = pytest.mark.alone

BATCH = 100
LETTERS = {50.0: 500, 1_000.0: 10_000}
RATE_RATIO = 0.1
FIRST_SECONDS = 1.0  # the canary, and until it is known how fast the sink is
LIVE_PER_SECOND = 100.0
QUIET_SECONDS = 5.0
P99_MAX_RATIO = 2.0
P99_FREE_SECONDS = 0.05  # of two processes and a disk: below it nobody is slowed


class Mended:
    """The program with one trigger, whose sink has refused many and takes all now."""

    def __init__(self, folder: Path) -> None:
        self.program = Program(folder)
        self.ledger = Ledger()
        self.sink = Subscriber("t", self.ledger, lambda _: REFUSED)

    async def begin(self, letters: int) -> None:
        await self.sink.listen()
        subscriber = {"subscriber": {"uri": self.sink.uri}}
        write_configuration(
            self.program.configuration,
            [resource("Broker", "default", {}), resource("Trigger", "t", subscriber)],
        )
        with divided_cores() as first_core:
            await self.program.start(first_core)
        assert self.program.ingress is not None
        requests = letters / BATCH
        plan = Plan("dead", self.program.ingress[1], BATCH, 2, requests / 20, 20)
        sent = await flood(plan, self.program.folder)
        assert sent.accepted
        await until(lambda: self.taken >= BATCH * len(sent.accepted), "all were refused")
        self.sink.answer = lambda _: OK
        self.ledger.receipts.clear()

    @property
    def taken(self) -> int:
        return len(self.ledger.receipts[self.sink.name])

    async def publish(self, name: str, seconds: float) -> list[float]:
        """Events one by one for a while; gives how long each took to its sink, shortest first."""
        assert self.program.ingress is not None
        reader, writer = await asyncio.open_connection(*self.program.ingress)
        sent: dict[str, float] = {}
        began = time.monotonic()
        while (passed := time.monotonic() - began) < seconds:
            event = f"{name}-{len(sent)}"
            sent[event] = time.monotonic()
            status, _ = await exchange(reader, writer, request(event, "live"))
            assert status == 202
            await asyncio.sleep(max(0.0, len(sent) / LIVE_PER_SECOND - passed))
        writer.close()
        await until(lambda: sent.keys() <= self.came().keys(), "all that was sent is taken")
        came = self.came()
        return sorted(came[event] - at for event, at in sent.items())

    def came(self) -> dict[str, float]:
        return {one.id: one.at for one in self.ledger.receipts[self.sink.name]}

    def redriven_at(self) -> list[float]:
        return sorted(at for event, at in self.came().items() if event.startswith("dead"))

    async def ask(self, path: str, body: Item | None = None) -> Item:
        assert self.program.admin is not None
        host, port = self.program.admin
        admin = Admin(f"http://{host}:{port}")
        if body is None:
            return await asyncio.to_thread(admin.get, path)
        return await asyncio.to_thread(admin.post, path, body)

    async def plan(self, rate: float) -> Item:
        wanted = {"verb": "redrive", "where": "state = 'dead'", "rate": rate}
        return await self.ask("/dead-letters/plans", wanted)

    async def redrive(self, plan: Item) -> Item:
        """The job of a plan, once it has ended."""
        await self.ask(f"/dead-letters/plans/{plan['id']}/act", {"rate": plan["rate"]})
        async with asyncio.timeout(END_SECONDS_MAX):
            while (job := await self.ask(f"/redrive-jobs/{plan['id']}"))["ended_at"] is None:
                await asyncio.sleep(0.2)
        return job

    async def end(self) -> tuple[int, str]:
        assert await self.program.terminate() == 0, self.program.last_words()
        return self.program.verify()


@contextmanager
def mended(folder: Path) -> Iterator[Mended]:
    broker = Mended(folder)
    try:
        yield broker
    finally:
        broker.program.close()
        broker.sink.close()


@pytest.mark.parametrize("rate", LETTERS)
async def test_a_redrive_keeps_its_rate_and_ends_when_its_plan_said(
    tmp_path: Path, rate: float
) -> None:
    with mended(tmp_path) as broker:
        await broker.begin(LETTERS[rate])

        plan = await broker.plan(rate)
        began = time.monotonic()
        job = await broker.redrive(plan)
        took_seconds = broker.redriven_at()[-1] - began
        verified, told = await broker.end()

        steady = [at for at in broker.redriven_at() if at >= began + FIRST_SECONDS]
        per_second = (len(steady) - 1) / (steady[-1] - steady[0])
        print(f"{per_second:.1f} a second of {rate:g}, {took_seconds:.1f} of {plan['seconds']} s")
        assert (job["state"], job["tally"]["delivered"]) == ("done", plan["count"])
        assert per_second == pytest.approx(rate, rel=RATE_RATIO)
        assert took_seconds == pytest.approx(plan["seconds"], rel=RATE_RATIO)
        assert verified == 0, told


async def test_live_events_hardly_notice_a_redrive_at_full_pace(tmp_path: Path) -> None:
    with mended(tmp_path) as broker:
        await broker.begin(LETTERS[1_000.0])

        quiet = await broker.publish("quiet", QUIET_SECONDS)
        redriving = asyncio.create_task(broker.redrive(await broker.plan(1_000.0)))
        beside = await broker.publish("beside", QUIET_SECONDS)
        is_beside = not redriving.done()
        await redriving
        verified, told = await broker.end()

        before, during = p99(quiet), p99(beside)
        print(f"p99 {before * 1000:.1f} ms before, {during * 1000:.1f} ms during")
        assert is_beside, "the redrive was over before"
        assert during <= max(P99_FREE_SECONDS, P99_MAX_RATIO * before)
        assert verified == 0, told


def p99(seconds: list[float]) -> float:
    return seconds[int(0.99 * len(seconds))]
