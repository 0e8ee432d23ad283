"""A backlog that a paused trigger holds: events are stored, and then let go all at once."""

import json
import time
from collections.abc import Iterable, Mapping
from http.client import HTTPConnection
from itertools import islice
from typing import Any

from tests.bench.admin import PATIENCE_SECONDS, ask_admin
from tests.bench.configuration import BROKER_PATH
from tests.bench.program import BenchFailed, Program

TRIGGER = "predict"
PUBLISHED_AT_ONCE = 500
AGAIN_SECONDS = 0.1
BATCH_HEADERS = {"content-type": "application/cloudevents-batch+json"}
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
    """In batches, one after the other. Raises BenchFailed for one that is refused.

    One that a busy disk keeps too long is answered 503, and sent again.
    """
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    left = iter(events)
    while batch := list(islice(left, PUBLISHED_AT_ONCE)):
        status, said = _publish(connection, batch)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while status == 503 and time.monotonic() < deadline:
            time.sleep(AGAIN_SECONDS)
            status, said = _publish(connection, batch)
        if status >= 300:
            raise BenchFailed(f"a batch was answered {status}: {said[:200]!r}")
    connection.close()


def _publish(connection: HTTPConnection, batch: list[Mapping[str, Any]]) -> tuple[int, bytes]:
    connection.request("POST", BROKER_PATH, json.dumps(batch), BATCH_HEADERS)
    answer = connection.getresponse()
    return answer.status, answer.read()


def resume(program: Program) -> None:
    ask_admin(program, "POST", f"{_TRIGGER_PATH}/resume", {})


def count_delivered(program: Program) -> int:
    return int(ask_admin(program, "GET", _TRIGGER_PATH)["delivered"])
