"""When the ledger is written, and what a failed checkpoint costs: nothing but time."""

import asyncio
from typing import Any

import pytest

from broker.errors import StoreFailed
from broker.storage.rows import Checkpoint, Record
from broker.telemetry import Telemetry
from tests.triggers.workshop import Store
from triggers.checkpointer import AGAIN_SECONDS, DELAY_SECONDS, Checkpointer
from triggers.ledger import SETTLED_AT_ONCE, Ledger


class Writing:
    """A checkpointer over a log that may refuse, with everything it said."""

    def __init__(self, store: Store) -> None:
        self.log = store.log
        self.clock = store.clock
        self.ledger = Ledger()
        self.committed: list[Checkpoint] = []
        self.steps: list[str] = []
        self.signals: list[tuple[str, dict[str, Any]]] = []
        telemetry = Telemetry()
        telemetry.listen(lambda name, _, fields: self.signals.append((name, fields)))
        self.checkpointer = Checkpointer(
            "default/b",
            store.log,
            self.ledger,
            store.clock,
            telemetry,
            self._sealed,
            self._noted,
        )

    def _sealed(self) -> tuple[int, int]:
        self.steps.append("sealed")
        return 0, 0

    def _noted(self, checkpoint: Checkpoint) -> None:
        self.steps.append("noted")
        self.committed.append(checkpoint)

    def put(self, key: str) -> None:
        self.ledger.records.append(Record(key, b"v"))
        self.checkpointer.changed()

    @property
    def written(self) -> list[list[str]]:
        return [[record.key for record in one.records] for one in self.committed]


@pytest.fixture
def writing(store: Store) -> Writing:
    return Writing(store)


async def test_what_comes_within_a_moment_is_one_checkpoint(writing: Writing) -> None:
    began = writing.clock.monotonic()

    for key in ("a", "b", "c"):
        writing.put(key)
        await asyncio.sleep(0.001)
    await writing.checkpointer.flush()

    assert writing.written == [["a", "b", "c"]]
    assert writing.clock.monotonic() - began < DELAY_SECONDS


async def test_it_is_written_after_a_moment_without_being_asked(writing: Writing) -> None:
    writing.put("a")

    await asyncio.sleep(DELAY_SECONDS - 0.001)
    before = writing.written
    await asyncio.sleep(0.002)

    assert (before, writing.written) == ([], [["a"]])


@pytest.mark.parametrize("settled", [0, SETTLED_AT_ONCE])
async def test_what_is_waited_for_and_what_is_much_is_written_at_once(
    writing: Writing, settled: int
) -> None:
    writing.ledger.settled = settled
    writing.ledger.urgent = not settled
    began = writing.clock.monotonic()

    writing.put("a")
    while not writing.committed:
        await asyncio.sleep(0)

    assert writing.clock.monotonic() == began


async def test_nothing_is_written_where_nothing_has_changed(writing: Writing) -> None:
    writing.checkpointer.changed()
    await asyncio.sleep(1)
    await writing.checkpointer.flush()

    assert writing.log.given == []


async def test_a_failed_checkpoint_is_kept_and_given_again_as_it_was(writing: Writing) -> None:
    writing.log.refusals = [StoreFailed("disk I/O error"), StoreFailed("disk I/O error")]

    writing.put("a")
    await asyncio.sleep(DELAY_SECONDS + 2 * AGAIN_SECONDS + 0.01)

    first, second, third = writing.log.given
    assert first is second is third
    assert writing.written == [["a"]]
    assert [name for name, _ in writing.signals] == ["checkpoint.failed"] * 2
    assert writing.checkpointer.failures == 2
    assert "disk I/O error" in writing.signals[0][1]["error"]


async def test_what_is_settled_while_a_checkpoint_fails_is_in_the_next_one(
    writing: Writing,
) -> None:
    writing.log.refusals = [StoreFailed("disk I/O error")]

    writing.put("a")
    await asyncio.sleep(DELAY_SECONDS + 0.01)
    writing.put("b")
    await writing.checkpointer.flush()

    assert writing.written == [["a"], ["b"]]


async def test_only_one_checkpoint_is_under_way(writing: Writing) -> None:
    writing.log.is_stuck = True

    for number in range(10):
        writing.ledger.urgent = True
        writing.put(str(number))
        await asyncio.sleep(1)

    assert len(writing.log.given) == 1


async def test_a_checkpoint_is_noted_before_the_next_is_sealed(writing: Writing) -> None:
    for key in ("a", "b"):
        writing.ledger.urgent = True
        writing.put(key)
    await writing.checkpointer.flush()

    assert writing.written == [["a"], ["b"]]
    assert writing.steps == ["sealed", "noted", "sealed", "noted"]


async def test_a_flush_waits_for_all_that_was_put_in_before_it(writing: Writing) -> None:
    writing.ledger.urgent = True
    writing.put("a")
    writing.put("b")

    await writing.checkpointer.flush()

    assert writing.written == [["a"], ["b"]]


async def test_a_flush_ends_although_more_is_put_in_all_the_time(writing: Writing) -> None:
    async def go_on() -> None:
        while True:
            writing.put("later")
            await asyncio.sleep(0)

    writing.put("before")
    busy = asyncio.get_running_loop().create_task(go_on())
    async with asyncio.timeout(1):
        await writing.checkpointer.flush()
    busy.cancel()

    assert "before" in writing.written[0]
