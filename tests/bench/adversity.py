"""Workloads where something beside the events is bad: two of ten sinks, or the disk."""

import subprocess
from pathlib import Path

from tests.bench.bench import HEADRACE, Bench, Shape
from tests.bench.figures import Figures
from tests.bench.latency import measure_at_rate
from tests.bench.program import BenchFailed
from tests.bench.session import calibrate, session
from tests.bench.sink import Manner
from tests.bench.throughput import measure_closed

GOOD_SINKS = 8
ALONE = "eight good sinks"
BESIDE_BAD = "beside two bad ones"
# So that the hanging sink is met again and again within one run, not once a minute.
DELIVERY = {"timeout": "PT2S", "retry": 10, "backoffDelay": "PT0.2S"}

COMMIT_MICROSECONDS = 2600
SLOW_FSYNC = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
static int slowly(const char *name, int file) {
    struct timespec wait = {0, DELAY_US * 1000L};
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    nanosleep(&wait, 0);
    return real(file);
}
int fsync(int file) { return slowly("fsync", file); }
int fdatasync(int file) { return slowly("fdatasync", file); }
"""


async def bad_sinks(bench: Bench, variant: str) -> Figures:
    """Eight good sinks at half load, alone or beside one that fails and one that hangs.

    The failing sink answers 500 to each attempt, so that it gets several per event. They are
    its own cost: `cpu_us_per_call` shares what the broker used among all calls that were
    answered, `cpu_us_per_delivery` among those to good sinks alone.
    """
    full = await calibrate(bench, HEADRACE, Shape(GOOD_SINKS, GOOD_SINKS), "good sinks")
    manners = [Manner.GOOD] * GOOD_SINKS
    if variant == BESIDE_BAD:
        manners += [Manner.FAILING, Manner.HANGING]
    shape = Shape(len(manners), len(manners))
    async with session(bench, HEADRACE, shape, manners, DELIVERY) as running:
        figures = await measure_at_rate(bench, running, full / 2)
    cpu_us_per_second = figures["broker_cores"] * 1e6
    good, failed = figures["deliveries_per_second"], figures["failed_calls_per_second"]
    figures["cpu_us_per_delivery"] = cpu_us_per_second / good
    figures["cpu_us_per_call"] = cpu_us_per_second / (good + failed)
    return figures


async def slow_disk(bench: Bench, kind: str, shape: Shape) -> Figures:
    """A closed loop on a disk whose every commit takes 2.6 ms, as a cloud's does."""
    shim = compile_slow_fsync(bench.folder, COMMIT_MICROSECONDS)
    async with session(bench, kind, shape, variables={"LD_PRELOAD": str(shim)}) as running:
        return await measure_closed(bench, running)


def compile_slow_fsync(folder: Path, delay_us: int) -> Path:
    """A library that makes each fsync of a program take `delay_us` longer, for LD_PRELOAD."""
    library = folder / f"slow-fsync-{delay_us}.so"
    if library.exists():
        return library
    command = ["gcc", "-shared", "-fPIC", "-O2", f"-DDELAY_US={delay_us}"]
    command += ["-x", "c", "-", "-o", str(library), "-ldl"]
    try:
        subprocess.run(command, input=SLOW_FSYNC.encode(), check=True, capture_output=True)
    except FileNotFoundError as error:
        raise BenchFailed("slow-disk needs gcc; install it, or leave the workload out") from error
    return library
