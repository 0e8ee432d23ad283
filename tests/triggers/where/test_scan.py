"""Looking is bounded: by rows, by time, by the limit; and goes on where it ended."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from broker.errors import HeadraceError, Invalid
from broker.storage.desk import Term
from broker.storage.memory.engine import MemoryEngine
from broker.storage.rows import Checkpoint
from tests.contracts.store import OwnClock
from tests.triggers.where.letters import NOW, letter
from triggers.where import Counted, collect, count, look, parse_query, scan

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
    clock.seconds_a_look = scan.LOOK_SECONDS_MAX / 100

    first = await look(engine.desk, query, None, 10, clock)

    assert (first.items, first.of) == ((), 250)
    assert 90 <= first.looked <= 110
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


@pytest.mark.parametrize("text", ["group = 'g1'", "LENGTH(group) = 2"])
async def test_a_count_is_the_same_by_index_and_by_rows(
    engine: MemoryEngine, clock: TickingClock, text: str
) -> None:
    more = (Term("reason", "=", "age"),)

    counted = await count(engine.desk, parse_query(text, NOW), more, clock)

    of_each = {"default/classify": 125}, {"age": 125}, {"g1": 125}
    assert counted == Counted(125, True, *of_each)


async def test_a_count_that_takes_too_long_says_that_it_is_none(
    engine: MemoryEngine, clock: TickingClock
) -> None:
    clock.seconds_a_look = scan.COUNT_SECONDS_MAX / 10

    counted = await count(engine.desk, parse_query("LENGTH(group) = 2", NOW), (), clock)

    assert not counted.is_complete
    assert 0 < counted.count < 20


async def test_ids_are_collected_up_to_a_limit(engine: MemoryEngine, clock: TickingClock) -> None:
    query = parse_query("data('/n') > 100", NOW)

    ids = await collect(engine.desk, query, (), 3, clock)

    assert ids == ["l101", "l102", "l103"]


async def test_a_query_that_must_look_at_too_much_is_refused(
    engine: MemoryEngine, clock: TickingClock
) -> None:
    clock.seconds_a_look = scan.COUNT_SECONDS_MAX / 10

    with pytest.raises(Invalid) as refused:
        await collect(engine.desk, parse_query("data('/n') = 249", NOW), (), 3, clock)

    assert refused.value.code == "too-many"
