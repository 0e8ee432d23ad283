"""Any engine behaves as a simple model does, whatever is asked of it, crashes included."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from broker.errors import StaleRevision
from broker.storage.rows import (
    Checkpoint,
    Counts,
    Cursor,
    DeadState,
    Loaded,
    Move,
    ParkedRow,
    Place,
    Record,
)
from tests.contracts.store import KINDS, at, event, letter, parked

A = "default/a"
T = TypeVar("T")
IS_LONG = bool(os.environ.get("HEADRACE_LONG"))
offsets = st.integers(1, 5)
ids = st.sampled_from(["x", "y", "z"])


class StoreMachine(RuleBasedStateMachine):
    """The model is a handful of dictionaries; `kind` is set by the test."""

    kind = "memory"

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp(prefix="headrace-model-"))
        self.store = KINDS[self.kind](self.folder)
        self.log: list[str] = []
        self.pruned = 0
        self.routed = 0
        self.cursors: dict[str, Cursor] = {}
        self.parked: dict[Place, ParkedRow] = {}
        self.letters: dict[str, DeadState] = {}
        self.counts = Counts(A)
        self.records: dict[str, tuple[bytes, int]] = {}
        self.epoch = 1

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    @initialize()
    def open(self) -> None:
        self.run(self.store.open())

    def teardown(self) -> None:
        self.run(self.store.engine.log.close())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
        shutil.rmtree(self.folder)

    @rule(count=st.integers(1, 5))
    def append(self, count: int) -> None:
        names = [f"e-{len(self.log) + number}" for number in range(count)]

        append = self.run(self.store.append(*(event(name) for name in names)))

        first = len(self.log) + 1
        self.log += names
        assert [stored.offset for stored in append.stored] == list(range(first, first + count))

    @rule(offset=offsets, due=st.integers(1, 50))
    def park(self, offset: int, due: int) -> None:
        row = parked(offset, due)
        matched = int(row.place not in self.parked)

        self._write(Checkpoint(parked=(row,), counts=(Counts(A, matched),)))

        self.parked[row.place] = row
        self._count(matched=matched)

    @rule(offset=offsets)
    def deliver(self, offset: int) -> None:
        place = Place(A, offset)
        delivered = int(place in self.parked)

        self._write(Checkpoint(unparked=(place,), counts=(Counts(A, delivered=delivered),)))

        self.parked.pop(place, None)
        self._count(delivered=delivered)

    @rule(offset=offsets, id=ids)
    def give_up(self, offset: int, id: str) -> None:
        place = Place(A, offset)
        if place not in self.parked or id in self.letters:
            return

        self._write(
            Checkpoint(unparked=(place,), dead_letters=(letter(id),), counts=(Counts(A, dead=1),))
        )

        del self.parked[place]
        self.letters[id] = DeadState.DEAD
        self._count(dead=1)

    @rule(id=ids, to=st.sampled_from([DeadState.DISCARDED, DeadState.DEAD]))
    def move(self, id: str, to: DeadState) -> None:
        sources = (DeadState.DEAD, DeadState.DISCARDED)

        self._write(Checkpoint(moves=(Move(id, sources, to, at(1), "me"),)))

        if id in self.letters:
            self.letters[id] = to

    @rule(key=ids, expect=st.one_of(st.none(), st.integers(0, 3)), gone=st.booleans())
    def record(self, key: str, expect: int | None, gone: bool) -> None:
        now = self.records.get(key, (b"", 0))[1]
        value = None if gone else f"{len(self.log)}".encode()

        error = self.run(self.store.checkpoint(Checkpoint(records=(Record(key, value, expect),))))

        if expect not in (None, now):
            assert isinstance(error, StaleRevision)
        elif value is None:
            self.records.pop(key, None)
        else:
            self.records[key] = (value, now + 1)

    @rule(behind=st.integers(0, 3))
    def stand(self, behind: int) -> None:
        self.routed = len(self.log)
        if behind:
            cursor = Cursor(A, self.routed - behind, ((self.routed, self.routed),))
            self._write(Checkpoint(routed=self.routed, cursors=(cursor,)))
            self.cursors[A] = cursor
        else:
            self._write(Checkpoint(routed=self.routed, following=(A,)))
            self.cursors.pop(A, None)

    @rule(behind=st.integers(0, 5))
    def prune(self, behind: int) -> None:
        up_to = max(0, len(self.log) - behind)

        gone = self.run(self.store.engine.log.prune(up_to))

        assert gone == max(0, up_to - self.pruned)
        self.pruned = max(self.pruned, up_to)

    @rule()
    def crash(self) -> None:
        self.run(self._lose_unanswered())
        self.epoch += 1

    async def _lose_unanswered(self) -> None:
        """Crash with an append under way: whole or absent, never half."""
        self.store.ask(event("lost-1"), event("lost-2"))
        loaded = await self.store.crash()
        extra = loaded.last_offset - len(self.log)
        assert extra in (0, 2)
        self.log += ["lost-1", "lost-2"][:extra]
        self._compare(loaded)

    @rule()
    def reopen(self) -> None:
        loaded = self.run(self.store.reopen())
        self.epoch += 1
        self._compare(loaded)

    def _compare(self, loaded: Loaded) -> None:
        assert (loaded.first_offset, loaded.last_offset) == (self.pruned + 1, len(self.log))
        assert loaded.routed == self.routed
        assert dict(loaded.cursors) == self.cursors
        assert loaded.counts.get(A, Counts(A)) == self.counts
        rows = loaded.parked[A].count if A in loaded.parked else 0
        assert rows == len(self.parked)
        assert self.counts.matched == self.counts.delivered + self.counts.dead + rows

    @invariant()
    def the_log_is_as_written(self) -> None:
        stored = self.run(self.store.engine.log.read(0, 10_000, 1 << 30))
        assert [one.event.id for one in stored] == self.log[self.pruned :]

    @invariant()
    def due_rows_and_letters_and_records_are_as_written(self) -> None:
        rows, _ = self.run(self.store.engine.log.due(A, at(100), 100))
        page = self.run(self.store.engine.desk.page((), None, 100))
        records = self.run(self.store.engine.records.scan(""))
        dead = sum(state is DeadState.DEAD for state in self.letters.values())
        assert {row.place: row.due_at for row in rows} == {
            place: row.due_at for place, row in self.parked.items()
        }
        assert {found.id: found.state for found in page.items} == self.letters
        assert sum(self.run(self.store.engine.desk.totals()).values()) == dead
        assert {key: (value, revision) for key, value, revision in records} == self.records

    def _write(self, checkpoint: Checkpoint) -> None:
        assert self.run(self.store.checkpoint(checkpoint)) is None

    def _count(self, matched: int = 0, delivered: int = 0, dead: int = 0) -> None:
        now = self.counts
        self.counts = Counts(A, now.matched + matched, now.delivered + delivered, now.dead + dead)


@pytest.mark.parametrize("kind", KINDS)
def test_an_engine_behaves_as_the_model(kind: str) -> None:
    machine = type(f"Machine{kind}", (StoreMachine,), {"kind": kind})
    examples = 1000 if IS_LONG else 30 if kind == "memory" else 12

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=50 if IS_LONG else 30,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
