"""wrk as the load of a closed loop, where only its own count and latencies are needed.

It runs on the core of its parent, which is the load's.
"""

import asyncio
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.bench.configuration import EVENT_TYPE
from tests.bench.program import BenchFailed

SCRIPT = Path(__file__).with_name("publish.lua")


@dataclass(frozen=True, slots=True)
class Published:
    """What wrk saw. `accepted` are events; up to `under_way` more may have been, unseen."""

    seconds: float
    accepted: int
    refused: int
    broken: int
    under_way: int
    ack_p50_ms: float
    ack_p99_ms: float


async def publish(
    url: str,
    prefix: str,
    seconds: float,
    connections: int = 64,
    size_bytes: int = 1024,
    batch_events: int = 1,
) -> Published:
    """Publish in a closed loop for `seconds`; ids begin with `prefix`, fresh for each call."""
    wrk = find_tool("wrk")
    process = await asyncio.create_subprocess_exec(
        wrk, "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "30s",
        "--latency", "-s", str(SCRIPT), url, "--",
        prefix, EVENT_TYPE, str(size_bytes), str(batch_events),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    line = next((ln for ln in output.decode().splitlines() if ln.startswith("figures ")), None)
    if process.returncode or line is None:
        raise BenchFailed(f"wrk ended with {process.returncode}: {output.decode()}")
    figures = json.loads(line.removeprefix("figures "))
    return Published(
        seconds=figures["seconds"],
        accepted=(figures["requests"] - figures["refused"]) * batch_events,
        refused=figures["refused"] * batch_events,
        broken=figures["broken"],
        under_way=connections * batch_events,
        ack_p50_ms=figures["ack_p50_ms"],
        ack_p99_ms=figures["ack_p99_ms"],
    )


def find_tool(name: str) -> str:
    """Where an external tool is; raises BenchFailed with the remedy where it is not."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        raise BenchFailed(f"{name} is not installed; run: make servers (or --smoke, without it)")
    return found
