"""Bar 9: somebody sets the wall clock, while deliveries wait for their next attempt.

Nothing may be lost, held beyond one wait, sent in a burst or forgotten because of it.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from broker.admission import SYSTEM_TYPES
from tests.faults.export import Export, export
from tests.faults.ledger import Ledger
from tests.faults.process import END_SECONDS_MAX, Program, until
from tests.faults.publisher import ORDER, REFUND, accepted, request
from tests.faults.subscribers import BROKEN, OK, REFUSED, Subscriber
from tests.faults.wall_clock import WallClock, compile_clock
from tests.faults.world import IS_LONG, resource, write_configuration

DAY = timedelta(days=1)
LEAPS: dict[str, Callable[[datetime], datetime]] = {
    "a day ahead": lambda now: now + DAY,
    "a day back": lambda now: now - DAY,
    "a year ahead": lambda now: now + 365 * DAY,
    "to 1970": lambda now: datetime(1970, 1, 1, 0, 1, tzinfo=UTC),
}
EVENTS = 2_000 if IS_LONG else 60
ROUNDS = 10 if IS_LONG else 1
DEAD = EVENTS // 10
WAIT_SECONDS = 2.0  # of each retry: half to all of it, by chance
SLOW_SECONDS = 60.0 if IS_LONG else 20.0  # what a busy machine may take for all the rest
ATTEMPTS = 2  # of each event: the first is refused
RETRY_AFTER_SECONDS = 2


class Warped:
    """A program in its own time, and a sink that fails each event's first attempt."""

    def __init__(self, folder: Path, library: Path) -> None:
        self.program = Program(folder)
        self.clock = WallClock(folder, library)
        self.ledger = Ledger()
        self.tried: Counter[str] = Counter()
        self.late = Subscriber("late", self.ledger, self.answer)
        self.refusing = Subscriber("refusing", self.ledger, lambda _: REFUSED)
        self.refuse: Callable[[], bytes] = lambda: BROKEN

    def answer(self, id: str) -> bytes:
        self.tried[id] += 1
        return self.refuse() if self.tried[id] < ATTEMPTS else OK

    async def open(self) -> None:
        await self.late.listen()
        await self.refusing.listen()
        delivery = {
            "retry": 3,
            "backoffDelay": f"PT{WAIT_SECONDS:g}S",
            "backoffMax": f"PT{WAIT_SECONDS:g}S",
            "retryAfterMax": f"PT{2 * RETRY_AFTER_SECONDS}S",
            "maxAge": "PT30M",
        }
        documents = [resource("Broker", "default", {})]
        for sink, wanted in ((self.late, ORDER), (self.refusing, REFUND)):
            spec = {
                "filters": [{"exact": {"type": wanted}}],
                "subscriber": {"uri": sink.uri},
                "delivery": delivery,
            }
            documents.append(resource("Trigger", sink.name, spec))
        write_configuration(self.program.configuration, documents)

    async def start(self) -> None:
        await self.program.start(self.clock.surroundings)
        self.ledger.generation = self.program.generation

    async def publish(self, batch: str, type: str, count: int) -> list[str]:
        """Gives the ids; each is accepted."""
        assert self.program.ingress is not None
        reader, writer = await asyncio.open_connection(*self.program.ingress)
        ids = [f"{type}-{batch}-{number}" for number in range(count)]
        for one in ids:
            await accepted(reader, writer, request(one, type))
            self.ledger.accepted.add(one)
        writer.close()
        return ids

    async def tried_once(self, ids: list[str]) -> None:
        """Wait until they all are parked, or nearly; where we were held up, until it is over."""
        await until(lambda: all(self.tried[one] for one in ids), "all are tried once")
        await until_async(lambda: self._has_parked(ids), "some are parked")

    async def _has_parked(self, ids: list[str]) -> bool:
        parked = (await self.program.triggers()).get("late", {}).get("parked")
        return bool(parked) or self.ledger.finals("late").keys() >= set(ids)

    async def delivered(self, ids: list[str]) -> float:
        """Wait until they are; gives how long that took."""
        finals = self.ledger.finals("late")
        return await until(lambda: all(one in finals for one in ids), "all are delivered")

    async def finish(self) -> Export:
        """The store after a clean end, which `headrace verify` has found to be complete."""
        assert await self.program.terminate() == 0, self.program.last_words()
        verified, told = self.program.verify()
        assert verified == 0, told
        return await export(self.program.store)

    def close(self) -> None:
        self.program.close()
        self.clock.close()
        self.late.close()
        self.refusing.close()


@asynccontextmanager
async def make_warped(folder: Path, library: Path) -> AsyncIterator[Warped]:
    warped = Warped(folder, library)
    await warped.open()
    try:
        yield warped
    finally:
        warped.close()


async def until_async(reached: Callable[[], Awaitable[bool]], what: str) -> None:
    deadline = time.monotonic() + END_SECONDS_MAX
    while not await reached():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.01)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_clock(tmp_path_factory.mktemp("clock"))


async def test_a_clock_that_leaps_while_the_program_runs_is_not_noticed(
    tmp_path: Path, library: Path
) -> None:
    took_seconds: dict[str, float] = {}
    async with make_warped(tmp_path, library) as warped:
        await warped.start()
        await warped.publish("dead", REFUND, DEAD)
        for number in range(ROUNDS):
            for name, leap in LEAPS.items():
                orders = await warped.publish(f"{len(took_seconds)}-{number}", ORDER, EVENTS)
                await warped.tried_once(orders)
                warped.clock.set_to(leap(datetime.now(UTC)))
                took_seconds[name] = await warped.delivered(orders)
        exported = await warped.finish()

    assert max(took_seconds.values()) < WAIT_SECONDS + SLOW_SECONDS, took_seconds
    assert set(warped.tried.values()) == {ATTEMPTS}
    assert min(waits_seconds(warped.ledger)) > WAIT_SECONDS / 2 - 0.1
    check_kept(warped, exported)


@pytest.mark.parametrize("name", LEAPS)
async def test_a_clock_that_leaps_before_a_restart_holds_and_loses_nothing(
    tmp_path: Path, library: Path, name: str
) -> None:
    async with make_warped(tmp_path, library) as warped:
        await warped.start()
        await warped.publish("dead", REFUND, DEAD)
        early = await warped.publish("early", ORDER, EVENTS)
        await warped.tried_once(early)
        await warped.program.kill()
        warped.clock.set_to(LEAPS[name](datetime.now(UTC)))

        await warped.start()
        took_seconds = await warped.delivered(early)
        repeated = await warped.publish("early", ORDER, EVENTS)
        late = await warped.publish("late", ORDER, EVENTS)
        await warped.delivered(late)
        exported = await warped.finish()

    assert repeated == early
    assert took_seconds < WAIT_SECONDS + SLOW_SECONDS
    assert max(warped.tried.values()) <= ATTEMPTS + 1
    assert all(warped.tried[one] == ATTEMPTS for one in late)
    check_kept(warped, exported)


@pytest.mark.parametrize("is_dated", [True, False])
async def test_a_wish_by_date_is_sane_however_wrong_the_clock_is(
    tmp_path: Path, library: Path, is_dated: bool
) -> None:
    async with make_warped(tmp_path, library) as warped:
        warped.refuse = lambda: busy_until(RETRY_AFTER_SECONDS, is_dated)
        warped.clock.set_to(LEAPS["to 1970"](datetime.now(UTC)))
        await warped.start()
        (one,) = await warped.publish("busy", ORDER, 1)
        await warped.delivered([one])
        (waited_seconds,) = waits_seconds(warped.ledger)
        await warped.finish()

    # By the sink's own Date its wish is what it says; without, it is bounded by retryAfterMax.
    wished_seconds = RETRY_AFTER_SECONDS if is_dated else 2 * RETRY_AFTER_SECONDS
    assert 0.85 * wished_seconds < waited_seconds < 1.1 * wished_seconds + SLOW_SECONDS


def busy_until(seconds: float, is_dated: bool) -> bytes:
    """503 with Retry-After as a date, and its own Date or not (RFC 9110 10.2.3, 6.6.1)."""
    now = datetime.now(UTC).replace(microsecond=0)
    dated = f"date: {format_datetime(now, usegmt=True)}\r\n" if is_dated else ""
    wished = format_datetime(now + timedelta(seconds=seconds), usegmt=True)
    head = f"HTTP/1.1 503 Busy\r\n{dated}retry-after: {wished}\r\ncontent-length: 0\r\n\r\n"
    return head.encode()


def waits_seconds(ledger: Ledger) -> list[float]:
    """How long each event waited from its first attempt to its last."""
    first: dict[str, float] = {}
    waits = []
    for receipt in ledger.receipts["late"]:
        if receipt.is_final:
            waits.append(receipt.at - first[receipt.id])
        first.setdefault(receipt.id, receipt.at)
    return waits


def check_kept(warped: Warped, exported: Export) -> None:
    """Everything that was accepted is in the log, in order of time, or dead and kept."""
    events = [one.event for one in exported.events]
    stored = Counter(event.id for event in events if not event.type.startswith(SYSTEM_TYPES))
    assert stored == Counter(warped.ledger.accepted)
    times = [stored.stored_at for stored in exported.events]
    assert times == sorted(times)
    assert len(exported.dead_letters) == DEAD
    assert not exported.loaded.parked
    assert warped.ledger.finals("late").keys() == set(exported.ids_of(ORDER))
