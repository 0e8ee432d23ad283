"""Bar 3: the disk becomes full, and has room again, while the program runs."""

import os
import resource
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.claims import check_world
from tests.faults.process import SMALL, Surroundings, until
from tests.faults.publisher import NOISE
from tests.faults.world import World, make_world

FULL = 507
SMALL_MEBIBYTES = 16
LARGE_MEBIBYTES = 128
FILE_BYTES_MAX = 8 << 20
BULK_BYTES = 50_000
SOME = 200
FULL_SECONDS = 3.0  # the reserve is looked after once a second
# Both are at once where nobody holds us up; what must not be is that they never come.
ANSWER_SECONDS_MAX = 20.0
AGAIN_SECONDS_MAX = 30.0
# A request may be on its way while the first 507 is; its answer may be read whenever we come to.
CROSSING_SECONDS = 0.2


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of a few MiB; only root may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root may mount a small disk; the limit of a file's size is tried instead")
    options = f"size={SMALL_MEBIBYTES}m"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"no small disk could be mounted: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


async def test_a_full_disk_refuses_what_is_new_and_goes_on_with_what_it_has(
    tmp_path: Path, small_disk: Path
) -> None:
    async with make_world(tmp_path, command=SMALL, data=small_disk / "data") as world:
        await world.start()
        world.sinks["steady"].is_holding = world.sinks["refusing"].is_holding = True
        await fill(world)
        full_at = min(one.at for one in world.ledger.answered(FULL))

        world.sinks["steady"].release()
        world.sinks["refusing"].release()
        await until(lambda: is_delivered(world), "deliveries go on")
        assert await world.program.dead_letters("refusing") > 0
        await until(lambda: time.monotonic() - full_at > FULL_SECONDS, "it stays full a while")
        freed_at = time.monotonic()
        remount = f"remount,size={LARGE_MEBIBYTES}m"
        subprocess.run(["mount", "-o", remount, str(small_disk)], check=True)
        took_seconds = await world.more_accepted(1)
        export = await world.finish()

    accepted = [one for one in world.ledger.answered(202) if one.at < freed_at]
    assert not [one for one in accepted if one.sent_at > full_at + CROSSING_SECONDS]
    assert took_seconds < AGAIN_SECONDS_MAX
    assert world.ledger.slowest_seconds[FULL] < ANSWER_SECONDS_MAX
    check_world(world, export)
    assert len(world.program.ends) == 1


async def test_a_file_that_may_not_grow_refuses_what_is_new_until_it_may(tmp_path: Path) -> None:
    limited = Surroundings(by=("prlimit", f"--fsize={FILE_BYTES_MAX}:"))

    async with make_world(tmp_path, command=SMALL) as world:
        await world.start(limited)
        await fill(world)

        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(world.program.pid, resource.RLIMIT_FSIZE, unlimited)
        took_seconds = await world.more_accepted(1)
        export = await world.finish()

    assert took_seconds < AGAIN_SECONDS_MAX
    check_world(world, export)
    assert len(world.program.ends) == 1


async def fill(world: World) -> None:
    """Publish small events of all kinds, and large ones until there is no room."""
    world.publish()
    await world.more_accepted(SOME)
    bulk = world.publishers[0]
    bulk.mix, bulk.data, bulk.pause_seconds = (NOISE,), b"0" * BULK_BYTES, 0.0
    await until(lambda: FULL in world.ledger.statuses(), "there is no room")
    bulk.is_stopped = True


def is_delivered(world: World) -> bool:
    return world.ledger.accepted_of("order") <= world.ledger.finals("steady").keys()
