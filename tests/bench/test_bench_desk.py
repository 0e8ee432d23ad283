"""The desk with ten thousand dead letters: each kind of question is answered at once."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from itertools import islice
from pathlib import Path

import pytest

from tests.bench.admin import start_whole
from tests.bench.bench import HEADRACE, Bench
from tests.bench.configuration import plan_triggers
from tests.bench.desk_questions import KINDS, ask, questions
from tests.bench.figures import Row
from tests.bench.large_desk import LARGE_GROUPS, fill_desk
from tests.bench.laws import judge
from tests.bench.looking import UNREACHABLE
from tests.bench.program import Program

pytestmark = pytest.mark.alone

LETTERS = 10_000
ROUNDS = 3
SEED = 7
ANSWERED_SECONDS = 0.2


@pytest.fixture
async def program(tmp_path: Path) -> AsyncIterator[Program]:
    """With a desk that was filled; nothing else happens there."""
    print(f"seed {SEED}")
    bench = Bench(tmp_path, has_cores=False)
    made = bench.program(HEADRACE, tmp_path, plan_triggers(1 + LARGE_GROUPS, 1, UNREACHABLE))
    try:
        await asyncio.to_thread(start_whole, made)
        made.stop()
        store = tmp_path / "data" / "default" / "default.db"
        await asyncio.to_thread(fill_desk, store, LETTERS, SEED)
        await asyncio.to_thread(start_whole, made)
        yield made
    finally:
        made.stop()


async def test_ten_thousand_dead_letters_are_looked_at_in_a_fifth_of_a_second(
    program: Program,
) -> None:
    assert program.admin_port is not None
    kinds = sum(map(len, KINDS.values()))
    took: dict[str, float] = {}

    for name, path in islice(questions(LETTERS, random.Random(SEED)), ROUNDS * kinds):
        begun = time.monotonic()
        await ask(program.admin_port, "GET", path)
        took[name] = min(took.get(name, 60.0), time.monotonic() - begun)

    indexed = [name for group, names in KINDS.items() if group != "rows" for name in names]
    assert {name: took[name] for name in indexed if took[name] > ANSWERED_SECONDS} == {}


def test_the_desk_has_a_law_for_each_number_of_dead_letters() -> None:
    few = Row("desk", "10,000 dead letters", 1, {"groups_p99_ms": 300.0})
    many = Row("desk", "1,000,000 dead letters", 1, {"groups_p99_ms": 300.0})

    verdicts = judge([], [few, many])

    assert [(one.limit, one.is_law, one.holds) for one in verdicts] == [
        (200.0, True, False),
        (1_000.0, True, True),
    ]
