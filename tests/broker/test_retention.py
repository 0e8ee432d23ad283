"""Forgetting: what each limit lets go, and what is still needed."""

from datetime import timedelta

import pytest

from broker.retention import Retention, RetentionLimits, Witness, plan
from broker.storage.rows import Checkpoint, DeadState
from tests.contracts.store import Store, event, letter, memory_store

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("beyond_age", "beyond_bytes", "lowest_needed", "expected"),
    [(5, 0, 100, 5), (0, 7, 100, 7), (5, 7, 100, 7), (5, 7, 4, 3), (5, 7, 1, 0), (0, 0, 9, 0)],
)
def test_the_plan_takes_what_any_limit_lets_go_but_nothing_needed(
    beyond_age: int, beyond_bytes: int, lowest_needed: int, expected: int
) -> None:
    assert plan(beyond_age, beyond_bytes, lowest_needed) == expected


@pytest.fixture
async def store() -> Store:
    made = memory_store()
    await made.open()
    return made


def retention(store: Store, limits: RetentionLimits, lowest_needed: int = 1 << 40) -> Retention:
    engine = store.engine
    return Retention(engine.log, engine.desk, store.clock, limits, lambda: lowest_needed)


async def test_events_older_than_the_age_are_forgotten(store: Store) -> None:
    await store.append(event("old"), event("older"))
    store.clock.move(86_400 + 1)
    await store.append(event("young"))

    forgotten = await retention(store, RetentionLimits(age=DAY)).run_once()

    assert (forgotten.up_to, forgotten.events) == (2, 2)
    assert await store.ids() == ["young"]


async def test_events_beyond_the_bytes_are_forgotten(store: Store) -> None:
    for number in range(10):
        await store.append(event(f"e-{number}", b"x" * 1000))
    kept_bytes = 3 * event("e-0", b"x" * 1000).size_bytes

    await retention(store, RetentionLimits(bytes_max=kept_bytes)).run_once()

    assert await store.ids() == ["e-7", "e-8", "e-9"]


async def test_what_is_needed_is_kept_however_old(store: Store) -> None:
    await store.append(*(event(f"e-{n}") for n in range(5)))
    store.clock.move(10 * 86_400)

    await retention(store, RetentionLimits(age=DAY), lowest_needed=3).run_once()

    assert await store.ids() == ["e-2", "e-3", "e-4"]


async def test_more_than_a_slice_goes_in_one_run(store: Store) -> None:
    await store.append(*(event(f"e-{n}") for n in range(2500)))
    store.clock.move(10 * 86_400)

    forgotten = await retention(store, RetentionLimits(age=DAY)).run_once()

    assert forgotten.events == 2500


async def test_a_replay_that_begins_meanwhile_stops_the_pruning(store: Store) -> None:
    await store.append(*(event(f"e-{n}") for n in range(2500)))
    store.clock.move(10 * 86_400)
    needed = iter([1 << 40, 1 << 40, 2001, 2001])
    engine = store.engine
    forgetting = Retention(
        engine.log, engine.desk, store.clock, RetentionLimits(age=DAY), lambda: next(needed)
    )

    await forgetting.run_once()

    assert (await store.ids())[0] == "e-2000"


async def test_without_limits_nothing_is_forgotten(store: Store) -> None:
    await store.append(event("a"))
    await store.checkpoint(Checkpoint(dead_letters=(letter("x"),)))
    store.clock.move(1000 * 86_400)

    forgotten = await retention(store, RetentionLimits(None, None, None, None)).run_once()

    assert (forgotten.events, forgotten.dead_letters) == (0, 0)


async def test_old_dead_letters_expire(store: Store) -> None:
    await store.checkpoint(Checkpoint(dead_letters=(letter("old", 1), letter("young", 90_000))))
    store.clock.move(14 * 86_400 + 10)

    forgotten = await retention(store, RetentionLimits()).run_once()

    assert forgotten.dead_letters == 1
    assert await store.engine.desk.get("young") is not None


async def test_beyond_the_bytes_only_discarded_letters_go(store: Store) -> None:
    letters = (letter("x", 1), letter("y", 2, state=DeadState.DISCARDED))
    await store.checkpoint(Checkpoint(dead_letters=letters))

    await retention(store, RetentionLimits(dead_letter_bytes_max=0)).run_once()

    assert await store.engine.desk.get("y") is None
    assert await store.engine.desk.get("x") is not None


@pytest.mark.parametrize(
    ("leap_days", "up_days", "kept"),
    [(0, 0.5, True), (365, 0, True), (365, 0.9, True), (365, 1.1, False), (0.5, 0.4, True)],
)
async def test_a_leap_of_the_clock_before_the_start_makes_nothing_old(
    store: Store, leap_days: float, up_days: float, kept: bool
) -> None:
    await store.append(event("before"))
    await store.checkpoint(Checkpoint(dead_letters=(letter("x", 0),)))
    until = store.clock.now()
    store.clock.move(leap_days * 86_400)
    witness = Witness(until, store.clock.monotonic())
    store.clock.move(up_days * 86_400)

    limits = RetentionLimits(age=DAY, dead_letter_age=DAY)
    engine = store.engine
    await Retention(engine.log, engine.desk, store.clock, limits, lambda: 99, witness).run_once()

    assert await store.ids() == (["before"] if kept else [])
    assert (await engine.desk.get("x") is not None) == kept


async def test_what_a_long_run_has_seen_become_old_is_forgotten(store: Store) -> None:
    witness = Witness(store.clock.now(), store.clock.monotonic())
    store.clock.move(5 * 86_400)
    await store.append(event("old"))
    store.clock.move(86_401)
    await store.append(event("young"))

    limits, engine = RetentionLimits(age=DAY), store.engine
    await Retention(engine.log, engine.desk, store.clock, limits, lambda: 99, witness).run_once()

    assert await store.ids() == ["young"]
