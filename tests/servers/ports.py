"""Free ports on loopback that stay free while a server is down."""

import os
import random
import socket
from collections.abc import Mapping
from pathlib import Path

LOOPBACK = "127.0.0.1"
PROBE_SECONDS_MAX = 0.5
FIRST, LAST = 10_000, 32_000
RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_ports(count: int, environ: Mapping[str, str] = os.environ) -> list[int]:
    """Ports that nobody listens on, below those that the kernel gives to clients.

    A port that the system gave out by itself (port 0) may go to any client while its server
    is down, and a client that dials it again and again may even reach itself. Processes of
    tests side by side have ports of their own: what one has found free, it binds only later.
    """
    first, span = _share(environ)
    start = random.randrange(span)  # sessions side by side begin at different places
    found: list[int] = []
    for step in range(span):
        port = first + (start + step) % span
        if _is_free(port):
            found.append(port)
        if len(found) == count:
            return found
    raise OSError(f"no {count} free ports from {first} to {first + span}")


def _share(environ: Mapping[str, str]) -> tuple[int, int]:
    """The first, and how many, that this process of pytest-xdist's may take; else all."""
    last = min(LAST, int(RANGE.read_text().split()[0]) - 1) if RANGE.exists() else LAST
    number = int(environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    span = (last - FIRST) // int(environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    return FIRST + number * span, span


def is_listening(port: int, host: str = LOOPBACK) -> bool:
    try:
        socket.create_connection((host, port), PROBE_SECONDS_MAX).close()
    except OSError:
        return False
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
