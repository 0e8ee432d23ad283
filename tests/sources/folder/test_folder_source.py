"""A FolderSource at work."""

import asyncio
import hashlib
import os
import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from broker.errors import Invalid
from tests.sources.folder.dropping import SETTLE_SECONDS, Dropping
from tests.sources.ping.set_clock import SetClock


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def standing_still(tmp_path: Path, clock: SetClock) -> AsyncIterator[Dropping]:
    """Nothing settles until a test lets time pass."""
    (tmp_path / "still").mkdir()
    made = Dropping(tmp_path / "still", clock)
    await made.inside.open()
    yield made
    await made.inside.close()


async def test_what_is_there_at_the_first_start_is_created(dropping: Dropping) -> None:
    dropping.put("a.csv")
    dropping.put("in/b.csv")

    await dropping.start()

    assert sorted(await dropping.told(2)) == ["created a.csv", "created in/b.csv"]


async def test_the_life_of_a_file_is_told(dropping: Dropping) -> None:
    await dropping.start()
    file = dropping.put("in/deep/a.csv", "1")
    await dropping.told(1)
    file.write_text("12")
    await dropping.told(2)

    file.unlink()

    assert await dropping.told(3) == [
        "created in/deep/a.csv", "changed in/deep/a.csv", "removed in/deep/a.csv",
    ]  # fmt: skip


async def test_the_hash_is_that_of_the_content(dropping: Dropping) -> None:
    dropping.put("a.csv", "1,2\n")

    await dropping.start()

    (stored,) = await dropping.inside.until_stored(1)
    assert stored.event.attributes["filehash"] == hashlib.sha256(b"1,2\n").hexdigest()


async def test_a_file_is_whole_when_it_is_told(standing_still: Dropping, clock: SetClock) -> None:
    await standing_still.start()
    with (standing_still.folder / "a.csv").open("w") as file:
        for _ in range(20):
            file.write("1,2\n" * 100)
            file.flush()
            await asyncio.sleep(0)
            clock.advance(SETTLE_SECONDS * 0.9)

    clock.advance(SETTLE_SECONDS)
    await standing_still.inside.until(lambda: was_told(standing_still, clock))

    (stored,) = await standing_still.inside.stored()
    assert stored.event.attributes["filesize"] == "8000"


def was_told(dropping: Dropping, clock: SetClock) -> bool:
    """Whether one file is; what is seen only now settles, too."""
    clock.advance(0.001)
    return dropping.inside.standing.position == "1 files told"


async def test_a_rename_into_place_is_created_under_its_last_name(dropping: Dropping) -> None:
    await dropping.start()

    dropping.put("a.csv.part").rename(dropping.folder / "a.csv")

    assert await dropping.told(1) == ["created a.csv"]


async def test_a_renamed_folder_takes_its_files_along(dropping: Dropping) -> None:
    dropping.put("in/a.csv")
    await dropping.start()
    await dropping.told(1)

    (dropping.folder / "in").rename(dropping.folder / "out")
    dropping.put("out/b.csv")

    told = await dropping.told(4)
    assert sorted(told[1:]) == ["created out/a.csv", "created out/b.csv", "removed in/a.csv"]


async def test_a_removed_folder_takes_its_files_along(dropping: Dropping) -> None:
    file = dropping.put("in/a.csv")
    await dropping.start()
    await dropping.told(1)

    file.unlink()
    file.parent.rmdir()

    assert (await dropping.told(2))[1:] == ["removed in/a.csv"]


async def test_what_changed_while_down_is_told_and_nothing_twice(dropping: Dropping) -> None:
    for name in ("same.csv", "other.csv", "gone.csv"):
        dropping.put(name)
    await dropping.start()
    await dropping.told(3)
    await dropping.inside.crash()
    dropping.put("other.csv", "longer than before")
    dropping.put("new.csv")
    (dropping.folder / "gone.csv").unlink()

    await dropping.start()

    told = await dropping.told(6)
    assert sorted(told[3:]) == ["changed other.csv", "created new.csv", "removed gone.csv"]


async def test_a_file_moved_away_and_back_is_created_twice(dropping: Dropping) -> None:
    file = dropping.put("a.csv")
    away = dropping.folder.with_name("a.csv")
    await dropping.start()
    await dropping.told(1)
    file.rename(away)
    await dropping.told(2)

    away.rename(file)

    assert await dropping.told(3) == ["created a.csv", "removed a.csv", "created a.csv"]


async def test_only_what_is_asked_for_is_told(dropping: Dropping) -> None:
    await dropping.start(tells=frozenset({"removed"}))
    file = dropping.put("a.csv")
    await dropping.inside.until(lambda: dropping.inside.standing.position == "1 files told")

    file.unlink()

    assert await dropping.told(1) == ["removed a.csv"]


async def test_crashes_while_files_come_and_change_lose_and_repeat_nothing(
    dropping: Dropping,
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    await dropping.start()
    expected: Counter[str] = Counter()

    for turn in range(6):
        for number in range(20):
            dropping.put(f"{turn}-{number}.csv", str(turn))
            expected[f"created {turn}-{number}.csv"] += 1
        await asyncio.sleep(dice.random() * 0.15)  # a crash at any moment
        await dropping.restart()

    assert Counter(await dropping.told(expected.total())) == expected


async def test_more_files_than_may_be_are_an_error_with_a_remedy(dropping: Dropping) -> None:
    await dropping.start(files_max=2)

    for name in ("a", "b", "c"):
        dropping.put(name)

    assert dropping.inside.running is not None
    await asyncio.wait((dropping.inside.running,), timeout=20.0)
    error = dropping.inside.running.exception()
    assert isinstance(error, Invalid)
    assert "maxFiles" in (error.remedy or "")


async def test_what_may_not_be_read_is_said_once_and_stops_no_other(dropping: Dropping) -> None:
    closed = dropping.put("closed.csv")
    closed.chmod(0)
    if os.access(closed, os.R_OK):
        pytest.skip("permissions do not bind whoever runs this test (CAP_DAC_OVERRIDE)")
    dropping.put("in/a.csv").parent.chmod(0)
    dropping.put("open.csv")

    await dropping.start()

    assert await dropping.inside.until_stored(1)
    await dropping.noticed(lambda text: text.startswith("the file closed.csv cannot be read"))
    await dropping.noticed(lambda text: text.startswith("the folder in cannot be listed"))
    (dropping.folder / "in").chmod(0o700)


async def test_a_check_counts_files_and_folders(dropping: Dropping) -> None:
    dropping.put("a.csv")
    dropping.put("in/b.csv")

    assert await dropping.make().check() == "2 files in 2 folders"


async def test_it_is_shown_where_and_how_it_looks(dropping: Dropping) -> None:
    dropping.put("a.csv")

    await dropping.start()
    await dropping.told(1)

    standing = dropping.inside.standing
    assert (standing.position, standing.lag) == ("1 files told", 0)
    assert standing.detail.startswith(f"{dropping.folder} by ")
