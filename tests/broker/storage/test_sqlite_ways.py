"""By whichever index dead letters are found, they are the same."""

import random
from collections.abc import Iterator
from dataclasses import replace

import apsw
import pytest

from broker.clock import to_milliseconds
from broker.storage.desk import Condition, Term
from broker.storage.rows import Checkpoint, DeadLetter
from broker.storage.sqlite.apply import apply_checkpoint
from broker.storage.sqlite.asking import page_statement
from broker.storage.sqlite.choosing import Way
from broker.storage.sqlite.sql import load_migrations, load_statements
from tests.contracts.store import at, event, letter

SEED = 11
SUBJECTS = ("a", "b", "c")
STATUSES = (None, 404, 503)
TRIGGERS = ("default/a", "default/b")


def some_letter(number: int, chance: random.Random) -> DeadLetter:
    trigger, status = chance.choice(TRIGGERS), chance.choice(STATUSES)
    group = f"{trigger} {status} {chance.randint(1, 2)}"
    seconds = float(chance.randint(1, 9))
    made = letter(f"l-{number}", seconds, group=group, trigger=trigger, status=status)
    if number % 7 == 0:
        return replace(made, event=event(f"e-{number}"))
    return replace(made, event=event(f"e-{number}", subject=chance.choice(SUBJECTS)))


def some_condition(chance: random.Random) -> Condition:
    terms = (
        Term("subject", "=", chance.choice(SUBJECTS)),
        Term("status", chance.choice(("=", "!=", ">")), 404),
        Term("trigger", chance.choice(("=", "!=", "prefix")), chance.choice(TRIGGERS)),
        Term("offset", "<", chance.randint(1, 3)),
    )
    return terms[:1] + tuple(chance.sample(terms[1:], chance.randint(0, 3)))


@pytest.fixture
def connection() -> Iterator[apsw.Connection]:
    chance = random.Random(SEED)
    made = apsw.Connection(":memory:")
    for step in load_migrations():
        made.execute(step)
    letters = tuple(some_letter(number, chance) for number in range(200))
    apply_checkpoint(made, load_statements(), Checkpoint(dead_letters=letters))
    yield made
    made.close()


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("way", [Way.BY_SUBJECT, Way.BY_GROUP])
def test_each_way_finds_the_same_in_the_same_order(
    connection: apsw.Connection, way: Way, seed: int
) -> None:
    chance = random.Random(seed)
    condition = some_condition(chance)
    place = chance.choice([None, (to_milliseconds(at(chance.randint(4, 9))), "l-60")])

    usual, found = (
        connection.execute(*page_statement(condition, place, 20, one)).get
        for one in (Way.USUAL, way)
    )

    assert found == usual, f"{condition} after {place}"
