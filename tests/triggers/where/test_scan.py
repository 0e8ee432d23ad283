"""Looking is bounded: by rows, by time, by the limit; and goes on where it ended."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from broker.errors import HeadraceError
from broker.storage.desk import Term
from broker.storage.memory.engine import MemoryEngine
from broker.storage.rows import Checkpoint
from tests.contracts.store import OwnClock
from tests.triggers.where.letters import NOW, letter
from triggers.where import look, parse_query, scan

LETTERS = [
    replace(
        letter(b'{"n": %d}' % number),
        id=f"l{number:03}",
        dead_at=NOW - timedelta(minutes=number),
        reason=("age", "attempts")[number % 2],
    )
    for number in range(250)
]


class TickingClock(OwnClock):
    """Each look at it takes so long."""

    seconds_a_look = 0.0

    def monotonic(self) -> float:
        self.move(self.seconds_a_look)
        return super().monotonic()


@pytest.fixture
def clock() -> TickingClock:
    return TickingClock()


@pytest.fixture
async def engine(clock: TickingClock) -> AsyncIterator[MemoryEngine]:
    made = MemoryEngine(clock)
    written: asyncio.Future[HeadraceError | None] = asyncio.get_running_loop().create_future()
    await made.log.open(lambda _: None)
    made.log.checkpoint(Checkpoint(dead_letters=tuple(LETTERS)), written.set_result)
    assert await written is None
    yield made
    await made.log.close()


async def test_what_the_store_answers_is_not_looked_at_again(
    engine: MemoryEngine, clock: TickingClock
) -> None:
    looked = await look(engine.desk, parse_query("reason = 'age'", NOW), None, 2, clock)

    assert [one.id for one in looked.items] == ["l000", "l002"]
    assert (looked.looked, looked.of) == (2, None)


async def test_pages_of_a_query_meet_without_gap_or_repeat(
    engine: MemoryEngine, clock: TickingClock
) -> None:
    query = parse_query("reason = 'age' AND data('/n') % 3 = 0", NOW)
    found: list[str] = []
    cursor = None

    while True:
        looked = await look(engine.desk, query, cursor, 7, clock)
        found += [one.id for one in looked.items]
        cursor = looked.next
        if cursor is None:
            break

    assert found == [f"l{number:03}" for number in range(0, 250, 6)]
    assert looked.of == 125


async def test_a_look_ends_at_its_time_and_says_where_to_go_on(
    engine: MemoryEngine, clock: TickingClock
) -> None:
    query = parse_query("data('/n') = 249", NOW)
    clock.seconds_a_look = scan.LOOK_SECONDS_MAX

    first = await look(engine.desk, query, None, 10, clock)

    assert (first.items, first.of, first.looked) == ((), 250, scan.SLICE_ROWS)
    clock.seconds_a_look = 0.0
    rest = await look(engine.desk, query, first.next, 10, clock)
    assert ([one.id for one in rest.items], rest.next) == (["l249"], None)
    assert first.looked + rest.looked == 250


async def test_a_look_meets_what_is_asked_beside_the_query(
    engine: MemoryEngine, clock: TickingClock
) -> None:
    query = parse_query("data('/n') < 3", NOW)

    looked = await look(engine.desk, query, None, 10, clock, (Term("reason", "=", "age"),))

    assert [one.id for one in looked.items] == ["l000", "l002"]
