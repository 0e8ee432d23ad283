"""What a process needs beside its disk runs out: descriptors, and someone who reads its log."""

import asyncio
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.claims import check_world
from tests.faults.process import SMALL, Surroundings, until
from tests.faults.world import World, make_world

DESCRIPTORS = 128
CONNECTIONS = 500
SOME = 300
RECOVERY_SECONDS_MAX = 45.0
PIPE_BYTES = 4096


async def test_a_process_without_descriptors_recovers_when_it_has_some_again(
    tmp_path: Path,
) -> None:
    limited = Surroundings(by=("prlimit", f"--nofile={DESCRIPTORS}"))

    async with make_world(tmp_path) as world:
        await world.start(limited)
        await world.publish_some(SOME)

        peers = await crowd(world)
        await until(lambda: descriptors(world) >= DESCRIPTORS - 1, "all descriptors are in use")
        for peer in peers:
            peer.close()
        world.publish()
        took_seconds = await world.more_accepted(SOME)
        export = await world.finish()

    assert took_seconds < RECOVERY_SECONDS_MAX
    assert len(world.program.ends) == 1
    check_world(world, export)


async def test_deliveries_go_on_while_nobody_reads_the_log(tmp_path: Path, full_pipe: int) -> None:
    async with make_world(tmp_path, command=SMALL) as world:
        await world.start(Surroundings(stderr=full_pipe))
        await world.publish_some(SOME)
        await world.settled()
        _, metrics = await world.program.get("/metrics")
        export = await world.finish()

    dropped = [line for line in metrics.splitlines() if b"log_records_dropped_total " in line]
    assert float(dropped[-1].split()[-1]) > 0
    check_world(world, export)


@pytest.fixture
def full_pipe() -> Iterator[int]:
    """The end of a pipe that takes nothing more, and that nobody reads."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    os.write(writing, bytes(PIPE_BYTES))
    yield writing
    os.close(reading)
    os.close(writing)


async def crowd(world: World) -> list[asyncio.StreamWriter]:
    """As many connections as the kernel lets wait; they send nothing."""
    assert world.program.ingress is not None
    peers = [asyncio.open_connection(*world.program.ingress) for _ in range(CONNECTIONS)]
    return [writer for _, writer in await asyncio.gather(*peers)]


def descriptors(world: World) -> int:
    return len(list(Path(f"/proc/{world.program.pid}/fd").iterdir()))
