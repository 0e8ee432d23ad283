"""`headrace verify`: a folder that is whole is called whole; each loss is named."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from broker.errors import Invalid, StoreOwned
from deploy.cli.verify import verify
from deploy.verification import Verdict, verify_folder
from tests.deploy.living import BROKER, TRIGGER, event, living

ORDERED = TRIGGER.replace("name: orders", "name: ordered").replace(
    "spec:", "spec:\n  order: {by: partitionkey}", 1
)
TYPES = ("taken", "taken", "refused", "busy")


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    """What a run leaves that delivered, parked, queued behind a key and gave up.

    40 events and two that tell of a first failure, one of each trigger.
    """
    async with living(tmp_path, f"{BROKER}---{TRIGGER}---{ORDERED}") as headrace:
        events = (event(n, TYPES[n % 4], partitionkey=f"k{n % 5}") for n in range(40))
        await headrace.publish(*events)
        await headrace.rest()
        await headrace.rest("default/ordered")
    return tmp_path / "data"


@pytest.fixture
def store(data: Path) -> Path:
    return data / "default" / "default.db"


def change(store: Path, *statements: str) -> None:
    """What a hand in the file does."""
    connection = apsw.Connection(str(store))
    for statement in statements:
        connection.execute(statement)
    connection.close()


def verdict_of(data: Path) -> Verdict:
    (verdict,) = verify_folder(data)
    return verdict


async def test_what_a_run_leaves_is_whole(data: Path, store: Path) -> None:
    sums = rows(store, "SELECT sum(matched), sum(delivered), sum(dead) FROM counts")
    kept = rows(store, "SELECT (SELECT count(*) FROM parked), (SELECT count(*) FROM waiting)")

    verdict = verdict_of(data)

    assert (verdict.mistakes, verdict.notes) == ((), ())
    assert (verdict.broker, verdict.events, verdict.triggers) == ("default/default", 42, 2)
    matched, delivered, dead = sums[0]
    assert matched == 80 == delivered + dead + sum(kept[0])
    assert all((delivered, dead, *kept[0])), "the run is to leave some of each"


def rows(store: Path, query: str) -> list[Any]:
    connection = apsw.Connection(str(store))
    found = connection.execute(query).fetchall()
    connection.close()
    return list(found)


async def test_looking_changes_nothing(data: Path, store: Path) -> None:
    before = hashlib.sha256(store.read_bytes()).digest()

    verify_folder(data)

    assert hashlib.sha256(store.read_bytes()).digest() == before


LOSSES = {
    "an event in the middle": (
        "DELETE FROM events WHERE offset = 11",
        [
            "offsets 1 to 42 are 42 events, 41 of them are there",
            "trigger default/orders: its filter matches 39 events of the log",
        ],
    ),
    "the last event": (
        "DELETE FROM events WHERE offset = 42",
        ["the last commit ends at offset 42, the log at 41"],
    ),
    "a parked delivery": (
        "DELETE FROM parked WHERE \"trigger\" = 'default/orders' AND offset = "
        "(SELECT min(offset) FROM parked WHERE \"trigger\" = 'default/orders')",
        ["trigger default/orders: 40 events matched, but 20 delivered + 10 dead"],
    ),
    "an event that waits behind a key": (
        "DELETE FROM waiting WHERE offset = (SELECT min(offset) FROM waiting)",
        ["trigger default/ordered: 40 events matched, but"],
    ),
    "a count of what was delivered": (
        "UPDATE counts SET delivered = delivered - 1 WHERE \"trigger\" = 'default/orders'",
        ["trigger default/orders: 40 events matched, but 19 delivered"],
    ),
    "a count on both sides": (
        "UPDATE counts SET matched = matched + 1, delivered = delivered + 1 "
        "WHERE \"trigger\" = 'default/orders'",
        ["its filter matches 40 events of the log up to its cursor, 41 were counted"],
    ),
    "a count of the dead": (
        "UPDATE counts SET dead = dead - 1, delivered = delivered + 1 "
        "WHERE \"trigger\" = 'default/orders'",
        ["trigger default/orders: 10 dead letters, 9 were counted"],
    ),
    "a cursor that jumped": (
        "INSERT INTO cursors VALUES ('default/orders', 30, '[]')",
        ["its filter matches 30 events of the log up to its cursor, 40 were counted"],
    ),
}


@pytest.mark.parametrize("loss", LOSSES)
async def test_a_loss_is_named(data: Path, store: Path, loss: str) -> None:
    statement, expected = LOSSES[loss]

    change(store, statement)

    mistakes = "\n".join(verdict_of(data).mistakes)
    for part in expected:
        assert part in mistakes


@pytest.mark.parametrize("page", [2, 3, 5, -1])
async def test_a_damaged_page_is_said_to_be_damaged(data: Path, store: Path, page: int) -> None:
    (page_bytes,) = rows(store, "PRAGMA page_size")[0]
    content = bytearray(store.read_bytes())
    begin = (page - 1 if page > 0 else len(content) // page_bytes - 1) * page_bytes
    content[begin : begin + 64] = bytes(255 - byte for byte in content[begin : begin + 64])
    store.write_bytes(content)

    mistakes = verdict_of(data).mistakes

    assert mistakes
    assert all(mistake.startswith("damaged file: ") for mistake in mistakes)


async def test_the_command_ends_with_1_and_the_list_where_something_is_missing(
    data: Path, store: Path, headrace: Callable[..., Any]
) -> None:
    whole = headrace("verify", "--data", data)
    change(store, "DELETE FROM events WHERE offset = 11")

    missing = headrace("verify", "--data", data)

    assert (whole.exit_code, whole.out) == (
        0,
        "default/default: whole; 42 events, 2 triggers add up\n",
    )
    assert missing.exit_code == 1
    assert all(line.startswith("default/default: WRONG ") for line in missing.out.splitlines())


async def test_a_folder_that_a_process_owns_is_refused(
    tmp_path: Path, headrace: Callable[..., Any]
) -> None:
    async with living(tmp_path):
        with pytest.raises(StoreOwned):
            verify_folder(tmp_path / "data")
        ran = headrace("verify", "--data", tmp_path / "data")

    assert ran.exit_code == 1
    assert ran.err


def test_a_folder_without_a_broker_is_not_called_whole(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="no broker in"):
        verify(tmp_path)


async def test_after_pruning_it_says_what_it_could_not_recount(data: Path, store: Path) -> None:
    change(
        store,
        "DELETE FROM events WHERE offset <= 4",
        "UPDATE partition SET pruned_to = 4",
    )

    verdict = verdict_of(data)

    assert verdict.mistakes == ()
    assert len(verdict.notes) == 2
    assert all("not recounted, the log no longer reaches back" in note for note in verdict.notes)
