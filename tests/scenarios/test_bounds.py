"""At every bound a stated behaviour: it pauses, refuses or buries, and loses nothing."""

import asyncio
from collections.abc import Iterable

import pytest

from broker.delivery import Delivered, Failed, OutcomeClass
from broker.errors import StoreFailed
from broker.event import Event
from broker.retention import Retention, RetentionLimits
from broker.storage.log import OnCheckpoint
from broker.storage.memory.log import MemoryLog
from broker.storage.rows import Checkpoint, DeadLetter
from deploy.config.broker_spec import BrokerLimits, BrokerSpec
from deploy.running import RunningBroker
from deploy.upkeep import limit_backlog
from tests.scenarios.house import House, numbered, trigger
from triggers.checkpointer import AGAIN_SECONDS
from triggers.ledger import SETTLED_MAX
from triggers.turns import WAITING_ROWS_MAX

BUSY = Failed(OutcomeClass.TRANSIENT, "HTTP 503", status=503)
EVENT_BYTES = numbered(1000).size_bytes


async def publish(house: House, events: Iterable[Event]) -> None:
    """In batches, each a commit of its own."""
    rest = list(events)
    while rest:
        batch, rest = rest[:100], rest[100:]
        done: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        house.intake.accept(batch, done.set_result)
        assert not isinstance(await done, Exception)


def running(house: House, backlog_bytes: int, bytes_kept: int = 1 << 40) -> RunningBroker:
    """The broker as deploy's upkeep sees it."""
    spec = BrokerSpec("default/default", limits=BrokerLimits(backlog_bytes=backlog_bytes))
    limits = RetentionLimits(age=None, bytes_max=bytes_kept)
    engine, partition = house.engine, house.partition
    retention = Retention(engine.log, engine.desk, house.clock, limits, partition.lowest_needed)
    return RunningBroker(spec, engine, partition, house.intake, retention)


async def test_ten_thousand_rows_behind_one_key_pause_the_lane_and_it_goes_on_later(
    house: House,
) -> None:
    total = WAITING_ROWS_MAX + 2000
    failures = [BUSY]
    house.answers("t", lambda _: failures.pop() if failures else Delivered())
    await house.start(trigger(order_by="partitionkey", policy={"backoff_delay_seconds": 300.0}))

    await publish(house, [numbered(1, partitionkey="a")])
    await house.until(lambda: house.lane().parked_count == 1)
    await publish(house, (numbered(n, partitionkey="a") for n in range(2, total + 1)))
    await asyncio.sleep(60)
    lane = house.lane()
    assert lane.turns is not None
    at_the_bound = (lane.turns.rows, lane.is_following, house.ids())
    await house.until(lambda: len(house.ids()) == total + 1)

    assert at_the_bound == (WAITING_ROWS_MAX, False, ["1"])
    assert house.ids() == ["1", *map(str, range(1, total + 1))]


async def test_at_the_backlogs_bound_the_oldest_goes_to_the_desk_where_the_trigger_says_so(
    house: House,
) -> None:
    await house.start(trigger(paused=True, on_full="dead-letter"))
    await publish(house, (numbered(n) for n in range(1000, 4000)))
    broker = running(house, backlog_bytes=1000 * EVENT_BYTES)

    await limit_backlog(broker)

    letters = await all_letters(house)
    assert {letter.reason for letter in letters} == {"backlog"}
    buried = sorted(int(letter.event.id) for letter in letters)
    assert buried == list(range(1000, 1000 + len(buried)))
    assert 2000 <= len(buried) <= 2000 + 100, "to the commit"
    assert not broker.is_backlog_full
    assert house.counts().matched == house.counts().dead == len(buried)


async def all_letters(house: House) -> list[DeadLetter]:
    page = await house.engine.desk.page((), None, 1000)
    letters = list(page.items)
    while page.next is not None:
        page = await house.engine.desk.page((), page.next, 1000)
        letters += page.items
    return letters


async def test_at_the_backlogs_bound_publishers_are_refused_where_it_does_not(
    house: House,
) -> None:
    await house.start(trigger(paused=True))
    broker = running(house, backlog_bytes=1000 * EVENT_BYTES)

    await publish(house, (numbered(n) for n in range(1000, 1500)))
    await limit_backlog(broker)
    before = broker.is_backlog_full
    await publish(house, (numbered(n) for n in range(1500, 4000)))
    await limit_backlog(broker)

    assert (before, broker.is_backlog_full) == (False, True)
    assert house.counts().dead == 0


async def test_a_broker_whose_triggers_keep_up_is_never_full(house: House) -> None:
    await house.start(trigger(filters=[{"exact": {"type": "other"}}]))
    broker = running(house, backlog_bytes=100 * EVENT_BYTES)

    await publish(house, (numbered(n) for n in range(1000, 4000)))
    await limit_backlog(broker)

    assert not broker.is_backlog_full, "what was routed may not be on disk yet"


async def test_a_trigger_that_rarely_gets_something_does_not_hold_the_log(house: House) -> None:
    rare = trigger("rare", filters=[{"exact": {"type": "rare"}}])
    await house.start(trigger("slow", paused=True), rare)
    await publish(house, [numbered(1, type="rare")])
    await house.settle("rare")
    await house.stop()
    await house.start(trigger("slow"), rare)
    await house.settle("slow")

    await publish(house, (numbered(n) for n in range(1000, 4000)))
    await house.settle("slow")
    house.partition.note_progress()
    await house.partition.drain()

    assert house.partition.lowest_needed() == 3002


async def test_retention_leaves_what_a_trigger_behind_still_needs(house: House) -> None:
    await house.start(trigger("keeps_up"), trigger(paused=True))
    await publish(house, (numbered(n) for n in range(1000, 2000)))
    await house.settle("keeps_up")
    broker = running(house, backlog_bytes=1 << 40, bytes_kept=10 * EVENT_BYTES)

    first = await broker.retention.run_once()
    await house.crash()
    await house.start(trigger("keeps_up"), trigger())
    await house.settle()
    house.partition.note_progress()
    await house.partition.drain()
    second = await running(house, 1 << 40, 10 * EVENT_BYTES).retention.run_once()

    assert (first.events, second.events) == (0, 900)
    assert sorted(set(map(int, house.ids()))) == list(range(1000, 2000))


async def test_retention_leaves_what_waits_behind_a_parked_key(house: House) -> None:
    failures = [BUSY]
    house.answers("t", lambda _: failures.pop() if failures else Delivered())
    await house.start(trigger(order_by="partitionkey", policy={"backoff_delay_seconds": 600.0}))
    await publish(house, (numbered(n, partitionkey="a") for n in range(1000, 1020)))
    await house.until(lambda: house.lane().parked_count == 1)
    await publish(house, (numbered(n, partitionkey=str(n)) for n in range(1020, 2000)))
    await house.until(lambda: len(house.ids()) == 981)
    house.partition.note_progress()
    await house.partition.drain()

    await running(house, 1 << 40, bytes_kept=EVENT_BYTES).retention.run_once()
    kept = await house.engine.log.read(0, 1, 1 << 20)
    await house.until(lambda: len(house.ids()) == 1001)

    assert kept[0].offset == 2, "the first of the key is parked, whole; the second is an offset"
    assert [one for one in house.ids() if int(one) < 1020] == ["1000", *map(str, range(1000, 1020))]


@pytest.mark.parametrize("retry_after", [None, 30.0])
async def test_a_delivery_that_fails_for_too_long_is_dead_by_its_age(
    house: House, retry_after: float | None
) -> None:
    kind = OutcomeClass.OVERLOAD if retry_after else OutcomeClass.TRANSIENT
    house.answers("t", lambda _: Failed(kind, "HTTP 429", 429, retry_after_seconds=retry_after))
    policy = {"retry": 1_000_000, "max_age_seconds": 300.0, "backoff_max_seconds": 20.0}
    await house.start(trigger(policy=policy))
    began = house.clock.monotonic()

    await publish(house, [numbered(1)])
    await house.until(lambda: house.counts().dead == 1)

    (letter,) = await house.dead_letters()
    assert letter.reason == "age"
    waited_seconds = house.clock.monotonic() - began
    assert 300.0 - 31.0 <= waited_seconds <= 300.0 + 1.0


class RefusingLog(MemoryLog):
    """Refuses every checkpoint until told otherwise."""

    is_refusing = False

    def checkpoint(self, checkpoint: Checkpoint, done: OnCheckpoint) -> None:
        if self.is_refusing:
            asyncio.get_running_loop().call_soon(done, StoreFailed("disk I/O error"))
        else:
            super().checkpoint(checkpoint, done)


async def test_while_checkpoints_fail_a_bounded_number_is_delivered_and_then_it_goes_on(
    house: House,
) -> None:
    total = 2 * SETTLED_MAX
    log = house.engine.log = RefusingLog(house.engine.log._state, house.engine.log._writer)
    await house.start(trigger())
    log.is_refusing = True

    await publish(house, (numbered(n) for n in range(total)))
    await asyncio.sleep(100 * AGAIN_SECONDS)
    while_refused = len(house.ids())
    log.is_refusing = False
    await house.settle()

    in_flight_max, pending_max = 32, SETTLED_MAX
    assert SETTLED_MAX <= while_refused <= SETTLED_MAX + pending_max + in_flight_max
    assert while_refused < total
    assert sorted(map(int, house.ids())) == list(range(total))
    assert house.counts().delivered == total


async def test_a_trigger_left_out_of_the_configuration_after_a_crash_keeps_its_place(
    house: House,
) -> None:
    other = trigger("other")
    await house.start(trigger(), other)
    house.answers("t", lambda _: Delivered()).delay_seconds = 1000.0
    await publish(house, (numbered(n) for n in range(50)))
    await house.crash()
    await house.start(other)
    await publish(house, (numbered(n) for n in range(50, 60)))
    await house.settle("other")
    house.partition.note_progress()
    await house.stop()
    house.sinks["t"].delay_seconds = 0.0

    await house.start(trigger(), other)
    await house.settle()

    assert set(map(int, house.ids())) >= set(range(50)), "they were accepted for it"
    assert house.counts().matched == house.counts().delivered


async def test_an_event_costs_a_slow_sinks_lane_memory_only_up_to_its_queue(house: House) -> None:
    house.answers("t", lambda _: Delivered()).delay_seconds = 10.0
    await house.start(trigger())

    await publish(house, (numbered(n) for n in range(3000)))
    await asyncio.sleep(1)
    queued = len(house.lane().queue)
    await house.settle()

    assert queued <= 1024
    assert sorted(map(int, house.ids())) == list(range(3000))
    assert house.lane().budget.used_bytes == 0


async def test_an_outage_is_made_up_for_without_a_dead_letter(house: House) -> None:
    began = house.clock.monotonic()

    def answer(_: object) -> Delivered | Failed:
        down = house.clock.monotonic() - began < 300.0
        return Failed(OutcomeClass.TRANSIENT, "connection refused") if down else Delivered()

    house.answers("t", answer)
    await house.start(trigger(policy={"retry": 30}))

    await publish(house, (numbered(n) for n in range(2000)))
    await house.settle()

    assert set(map(int, house.ids())) == set(range(2000))
    assert (house.counts().delivered, house.counts().dead) == (2000, 0)
