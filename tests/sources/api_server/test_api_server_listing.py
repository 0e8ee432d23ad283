"""Long lists: told in pages, fast, once."""

import resource
import time

import pytest

from sources.api_server.source import ApiServerSource
from tests.sources.api_server.cluster import Cluster, begin, told
from tests.sources.inside import Inside

COUNT = 5_000
SECONDS_MAX = 30.0  # measured: 2 s alone on a core


@pytest.mark.long
async def test_five_thousand_objects_are_told_in_seconds(inside: Inside, cluster: Cluster) -> None:
    names = [f"map-{number:05}" for number in range(COUNT)]
    await cluster.create_all(names)
    began, cpu_began = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF)

    await begin(inside, cluster.spec())
    stored = await inside.until_stored(COUNT, seconds=60)

    taken = time.monotonic() - began
    cpu = resource.getrusage(resource.RUSAGE_SELF)
    cpu_seconds = cpu.ru_utime + cpu.ru_stime - cpu_began.ru_utime - cpu_began.ru_stime
    print(f"{COUNT} objects in {taken:.2f} s, {cpu_seconds:.2f} s of CPU")
    assert told(stored) == [("add", name) for name in names]
    assert taken < SECONDS_MAX


async def test_more_than_a_page_is_told_once_each(inside: Inside, cluster: Cluster) -> None:
    names = [f"map-{number:05}" for number in range(620)]
    await cluster.create_all(names)

    await begin(inside, cluster.spec())
    stored = await inside.until_stored(len(names))
    await inside.stop()
    await begin(inside, cluster.spec())

    assert told(stored) == [("add", name) for name in names]
    assert len(await inside.stored()) == len(names)
    assert inside.standing.lag == 0


async def test_a_list_that_was_cut_short_by_a_crash_tells_only_the_rest(
    inside: Inside, cluster: Cluster
) -> None:
    names = [f"map-{number:05}" for number in range(1_100)]
    await cluster.create_all(names)
    spec = cluster.spec()
    inside.start(ApiServerSource(spec, inside.supplies), spec)
    await inside.until_stored(100)

    await inside.crash()
    await begin(inside, spec)

    stored = await inside.until_stored(len(names))
    assert sorted(told(stored)) == [("add", name) for name in names]
