"""What the machine says of a program: CPU, memory, and how fast its disk and cores are now."""

import os
import platform
import statistics
import time
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
BROKER_CORE = 0
LOAD_CORE = 1


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, all its threads, those that ended as well."""
    text = Path("/proc", str(pid), "stat").read_text()
    fields = text[text.rindex(")") + 2 :].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def resident_mb(pid: int) -> float:
    """Memory that a process holds now, in units of 10^6 bytes."""
    pages = int(Path("/proc", str(pid), "statm").read_text().split()[1])
    return pages * PAGE_BYTES / 1e6


def peak_resident_mb(pid: int | None = None) -> float:
    """The most memory that a process (None: this one) has held, in units of 10^6 bytes."""
    status = Path("/proc", "self" if pid is None else str(pid), "status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024 / 1e6


def fsync_p50_us(folder: Path, writes: int = 40) -> float:
    """The median time of one small write made durable in `folder`, in microseconds."""
    path = folder / "fsync.probe"
    durations: list[float] = []
    with path.open("wb", buffering=0) as file:
        for _ in range(writes):
            file.write(bytes(4096))
            begun = time.perf_counter()
            os.fdatasync(file.fileno())
            durations.append(time.perf_counter() - begun)
    path.unlink()
    return statistics.median(durations) * 1e6


def load_average() -> float:
    return os.getloadavg()[0]


def busy_core_seconds() -> float:
    """Time that all cores together spent working since the machine started."""
    fields = [int(part) for part in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICKS_PER_SECOND


def has_two_cores() -> bool:
    return {BROKER_CORE, LOAD_CORE} <= os.sched_getaffinity(0)


def describe_machine() -> dict[str, object]:
    """What a reader of the figures must know of where they were taken."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "cpu": models[0] if models else "unknown",
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }
