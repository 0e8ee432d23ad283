"""Where a run goes on, whatever has become of the folder and its configuration meanwhile."""

from pathlib import Path

import pytest

from broker.errors import Unavailable
from sources.folder.start import PAGE_RECORDS
from tests.sources.folder.dropping import Dropping


async def test_without_initial_events_only_what_comes_later_is_told(dropping: Dropping) -> None:
    dropping.put("old.csv", "1")
    dropping.put("older.csv")
    await dropping.start(tells_initial=False)

    dropping.put("new.csv")
    dropping.put("old.csv", "12")

    assert sorted(await dropping.told(2)) == ["changed old.csv", "created new.csv"]


async def test_after_the_first_start_initial_means_nothing(dropping: Dropping) -> None:
    await dropping.start(tells_initial=False)
    await dropping.inside.crash()
    dropping.put("a.csv")

    await dropping.start()

    assert await dropping.told(1) == ["created a.csv"]


async def test_a_folder_that_vanishes_removes_no_file(dropping: Dropping) -> None:
    dropping.put("a.csv")
    await dropping.start()
    await dropping.told(1)
    await dropping.inside.stop()
    dropping.folder.rename(dropping.folder.with_name("away"))

    with pytest.raises(Unavailable, match="no such folder"):
        await dropping.run()

    dropping.folder.with_name("away").rename(dropping.folder)
    await dropping.start()
    dropping.put("b.csv")
    assert await dropping.told(2) == ["created a.csv", "created b.csv"]


async def test_an_empty_folder_in_its_place_is_a_disk_not_mounted(dropping: Dropping) -> None:
    dropping.put("a.csv")
    await dropping.start()
    await dropping.told(1)
    await dropping.inside.stop()
    dropping.folder.rename(dropping.folder.with_name("away"))
    dropping.folder.mkdir()

    with pytest.raises(Unavailable, match="1 files were in it") as caught:
        await dropping.run()

    assert "mount" in (caught.value.remedy or "")


async def test_a_folder_that_was_exchanged_is_told_by_its_differences(dropping: Dropping) -> None:
    dropping.put("a.csv")
    dropping.put("b.csv")
    await dropping.start()
    await dropping.told(2)
    await dropping.inside.stop()
    dropping.folder.rename(dropping.folder.with_name("away"))
    dropping.put("a.csv", "another one")

    await dropping.start()

    assert sorted((await dropping.told(4))[2:]) == ["changed a.csv", "removed b.csv"]


async def test_files_that_globs_no_longer_select_are_not_removed(dropping: Dropping) -> None:
    dropping.put("a.csv")
    dropping.put("b.txt")
    await dropping.start()
    await dropping.told(2)

    await dropping.restart(include=("*.csv",))
    dropping.put("c.csv")

    assert (await dropping.told(3))[2:] == ["created c.csv"]


async def test_another_path_begins_anew_and_says_so(dropping: Dropping, tmp_path: Path) -> None:
    dropping.put("a.csv")
    await dropping.start()
    await dropping.told(1)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "b.csv").write_text("b")

    await dropping.restart(path=str(tmp_path / "other"))

    assert await dropping.told(2) == ["created a.csv", "created b.csv"]
    assert await dropping.noticed(lambda text: "those of the other are forgotten" in text)


async def test_many_files_are_loaded_page_by_page(dropping: Dropping) -> None:
    count = PAGE_RECORDS + 1
    for number in range(count):
        dropping.put(f"{number}.csv", "")
    await dropping.start(has_hash=False)
    await dropping.told(count)

    await dropping.restart()
    dropping.put("last.csv")

    assert (await dropping.told(count + 1))[count:] == ["created last.csv"]
