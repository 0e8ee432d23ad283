"""One run over a folder, by another way of hearing than inotify's."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import suppress
from dataclasses import replace

import pytest

from broker.errors import Unavailable
from sources.folder.dirty import Dirty
from sources.folder.disk import Disk
from sources.folder.listing import Listing, Seen, Told
from sources.folder.patrol import Change, Patrol, batches
from sources.folder.root import find_root
from sources.folder.watch import Polling, Watch
from sources.source import BATCH_BYTES_MAX
from tests.sources.folder.dropping import SETTLE_SECONDS, Dropping


class Heard:
    """A watch that has heard what a test says, and is never told by the system."""

    scan_seconds_max = float("inf")
    name = "hearsay"

    def __init__(self) -> None:
        self.is_exhausted = False
        self._heard: asyncio.Queue[Dirty] = asyncio.Queue()

    def hear(self, dirty: Dirty) -> None:
        self._heard.put_nowait(dirty)

    def add(self, folder: str) -> None:
        """It is told everything anyway."""

    def keep(self, folders: Collection[str]) -> None:
        """It keeps nothing."""

    async def wait(self, seconds: float) -> Dirty:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                return await self._heard.get()
        return Dirty()

    def close(self) -> None:
        """Nothing is open."""


class Walk:
    """A patrol over the folder of `dropping`; `begin` lets it go."""

    def __init__(self, dropping: Dropping) -> None:
        self.dropping = dropping
        self.inside = dropping.inside
        self.disk = Disk()

    def begin(self, watch: Watch, **changed: object) -> "asyncio.Task[None]":
        spec = replace(self.dropping.spec, options=replace(self.dropping.spec.options, **changed))
        patrol = Patrol(
            spec, self.inside.clock, self.inside.outlet(spec), self.disk,
            find_root(str(self.dropping.folder)), Listing(SETTLE_SECONDS),
        )  # fmt: skip
        self.inside.running = asyncio.create_task(patrol.walk(watch))
        return self.inside.running


@pytest.fixture
async def walk(dropping: Dropping) -> AsyncIterator[Walk]:
    made = Walk(dropping)
    yield made
    await made.inside.stop()
    made.disk.close()


async def test_without_notices_everything_is_looked_at_again_and_again(walk: Walk) -> None:
    walk.begin(Polling(), scan_seconds=0.05)
    file = walk.dropping.put("in/a.csv")
    await walk.dropping.told(1)

    file.unlink()

    assert await walk.dropping.told(2) == ["created in/a.csv", "removed in/a.csv"]


async def test_what_no_notice_told_is_found_by_the_next_scan(walk: Walk) -> None:
    walk.begin(Heard(), scan_seconds=0.1)
    await walk.inside.until(lambda: walk.inside.connections == 1)

    walk.dropping.put("a.csv")

    assert await walk.dropping.told(1) == ["created a.csv"]


@pytest.mark.parametrize("heard", ["name", "folder", "all"])
async def test_what_was_heard_of_is_looked_at(walk: Walk, heard: str) -> None:
    watch = Heard()
    walk.begin(watch, scan_seconds=3_600.0)
    await walk.inside.until(lambda: walk.inside.connections == 1)
    walk.dropping.put("in/a.csv")
    dirty = Dirty(is_all=heard == "all")
    (dirty.add_name if heard == "name" else dirty.add_folder)(
        "in/a.csv" if heard == "name" else "in"
    )

    watch.hear(dirty)

    assert await walk.dropping.told(1) == ["created in/a.csv"]


async def test_a_notice_of_a_file_that_is_excluded_does_nothing(walk: Walk) -> None:
    watch = Heard()
    walk.begin(watch, scan_seconds=3_600.0)
    await walk.inside.until(lambda: walk.inside.connections == 1)
    dirty = Dirty()
    for name in (".hidden", "a.csv"):
        walk.dropping.put(name)
        dirty.add_name(name)

    watch.hear(dirty)

    assert await walk.dropping.told(1) == ["created a.csv"]


async def test_it_comes_back_where_the_system_watches_no_more(walk: Walk) -> None:
    watch = Heard()
    watch.is_exhausted = True

    async with asyncio.timeout(20.0):
        await walk.begin(watch)


class Refusing(Heard):
    """A folder that cannot be entered, for whoever runs the tests."""

    def add(self, folder: str) -> None:
        if folder == "in":
            raise PermissionError(13, "Permission denied")


async def test_a_folder_that_cannot_be_listed_is_said_once_and_stops_no_other(walk: Walk) -> None:
    walk.dropping.put("in/a.csv")
    walk.dropping.put("b.csv")

    walk.begin(Refusing(), scan_seconds=0.05)

    assert await walk.dropping.told(1) == ["created b.csv"]
    await walk.inside.until(lambda: walk.inside.standing.detail.endswith("cannot be listed"))
    (notice,) = walk.inside.notices
    assert notice.startswith("the folder in cannot be listed: Permission denied; ")


async def test_files_of_a_folder_that_vanishes_are_not_removed(walk: Walk) -> None:
    walk.dropping.put("a.csv")
    running = walk.begin(Polling(), scan_seconds=0.05)
    await walk.dropping.told(1)

    walk.dropping.folder.rename(walk.dropping.folder.with_name("away"))

    with pytest.raises(Unavailable, match="no such folder"):
        async with asyncio.timeout(20.0):
            await running
    assert len(await walk.inside.stored()) == 1


def test_batches_keep_the_bound_of_one_commit_and_the_order() -> None:
    from broker.codec import make_event

    attributes = {"specversion": "1.0", "id": "1", "source": "/a", "type": "a"}
    large = make_event(attributes, bytes(BATCH_BYTES_MAX // 2))
    told = Told(Seen(1, 1, 1, 1), "")
    changes = [Change(str(number), told, large) for number in range(3)]

    found = list(batches([*changes, Change("quiet", told, None)]))

    assert [[change.path for change in batch] for batch in found] == [["0"], ["1"], ["2", "quiet"]]
