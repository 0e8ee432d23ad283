"""One request to a real KServe, shown as sent and answered, with the class that it gets."""

import time

import orjson
import pytest

from broker.clock import SteadyClock
from broker.delivery import Delivered
from sinks.inference.server.sink import ModelServerSink
from sinks.inference_spec import InferenceSinkSpec
from sinks.trying import Tried
from tests.servers.flowers import FLOWERS
from tests.servers.kserve import KServe
from tests.sinks.making import a_delivery, an_event

ROWS = [
    ("iris", FLOWERS[0], "ok", 200),
    ("iris", FLOWERS[0][:3], "suspect", 500),
    ("boom", "invalid", "bad_input", 400),
    ("boom", "overloaded", "overload", 503),
    ("boom", "any", "suspect", 500),
    ("sleeping", 1, "not_ready", 503),
    ("none", 1, "not_ready", 404),
]


async def tried(kserve: KServe, model: str, data: object) -> Tried:
    spec = InferenceSinkSpec("default/tried", "v1", kserve.url, model=model, server="kserve")
    sink = ModelServerSink(spec, SteadyClock(), chance=lambda: 0.5)
    try:
        event = an_event(orjson.dumps(data))
        return await sink.try_one(a_delivery(event), time.monotonic() + 20.0)
    finally:
        await sink.close()


@pytest.mark.parametrize(("model", "data", "wanted", "status"), ROWS)
async def test_each_answer_gets_its_class(
    kserve: KServe, model: str, data: object, wanted: str, status: int
) -> None:
    one = await tried(kserve, model, data)

    assert one.sent is not None
    assert one.answered is not None
    found = "ok" if isinstance(one.outcome, Delivered) else one.outcome.outcome_class.value
    assert (found, one.answered.status) == (wanted, status)
    assert one.sent.url == f"{kserve.url}/v1/models/{model}:predict"
