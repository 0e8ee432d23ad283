"""A backlog that a paused trigger holds: events are stored, and then let go all at once."""

import json
import time
from collections.abc import Iterable, Mapping
from http.client import HTTPConnection
from itertools import islice
from typing import Any

from tests.bench.configuration import BROKER_PATH
from tests.bench.program import BenchFailed, Program, is_listening

TRIGGER = "predict"
PUBLISHED_AT_ONCE = 500
PATIENCE_SECONDS = 120.0
BATCH_HEADERS = {"content-type": "application/cloudevents-batch+json"}
JSON_HEADERS = {"content-type": "application/json"}
_TRIGGER_PATH = f"/api/v1/triggers/default/{TRIGGER}"


def paused_trigger(event_type: str, sink: str) -> Mapping[str, Any]:
    """The spec of a trigger that waits to be resumed, for an InferenceSink."""
    return {
        "broker": "default",
        "paused": True,
        "filters": [{"exact": {"type": event_type}}],
        "subscriber": {"ref": {"kind": "InferenceSink", "name": sink}},
    }


def publish_all(port: int, events: Iterable[Mapping[str, Any]]) -> None:
    """In batches, one after the other. Raises BenchFailed for one that is refused."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    left = iter(events)
    while batch := list(islice(left, PUBLISHED_AT_ONCE)):
        connection.request("POST", BROKER_PATH, json.dumps(batch), BATCH_HEADERS)
        answer = connection.getresponse()
        said = answer.read()
        if answer.status >= 300:
            raise BenchFailed(f"a batch was answered {answer.status}: {said[:200]!r}")
    connection.close()


def await_admin(program: Program, poll_seconds: float) -> None:
    """headrace's admin listener comes a little later than its ingress."""
    assert program.admin_port is not None, "headrace has one"
    while not is_listening(program.admin_port):
        program.check_alive()
        time.sleep(poll_seconds)


def resume(program: Program) -> None:
    ask_admin(program, "POST", f"{_TRIGGER_PATH}/resume", {})


def count_delivered(program: Program) -> int:
    return int(ask_admin(program, "GET", _TRIGGER_PATH)["delivered"])


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
