"""Asking headrace's admin listener, which comes a little later than its ingress."""

import json
import time
from http.client import HTTPConnection
from typing import Any

from tests.bench.program import READY_SECONDS_MAX, BenchFailed, Program, is_listening

PATIENCE_SECONDS = 120.0
POLL_SECONDS = 0.01
JSON_HEADERS = {"content-type": "application/json"}


def start_whole(program: Program) -> None:
    """Start it; returns once both of its ports answer."""
    program.start()
    await_admin(program)


def await_admin(program: Program) -> None:
    """Raises BenchFailed where it ends, or does not listen in time."""
    assert program.admin_port is not None, "headrace has one"
    deadline = time.monotonic() + READY_SECONDS_MAX
    while not is_listening(program.admin_port):
        program.check_alive()
        if time.monotonic() > deadline:
            raise BenchFailed(f"no admin listener after {READY_SECONDS_MAX:.0f} s")
        time.sleep(POLL_SECONDS)


def ask_admin(program: Program, method: str, path: str, body: object = None) -> Any:
    """What headrace's admin listener answers. Raises BenchFailed for a refusal."""
    assert program.admin_port is not None, "headrace has one"
    return ask_json(program.admin_port, method, path, body)


def ask_json(port: int, method: str, path: str, body: object = None) -> Any:
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        sent = None if body is None else json.dumps(body)
        connection.request(method, path, sent, {} if sent is None else JSON_HEADERS)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status >= 300:
        raise BenchFailed(f"{path} answered {answer.status}: {content[:200]!r}")
    return json.loads(content)
