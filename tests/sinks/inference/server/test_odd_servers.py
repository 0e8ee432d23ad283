"""What real servers were seen to answer, said by servers of our own over HTTP: its class."""

import time
from typing import Any

import pytest

from broker.clock import SteadyClock
from broker.delivery import Delivered, Delivery, Failed, Outcome, OutcomeClass
from sinks.inference.server.sink import ModelServerSink
from sinks.inference_spec import InferenceSinkSpec, ReplySpec
from tests.sinks.conftest import Serve
from tests.sinks.inference.peers.kserve import CE_HEADERS
from tests.sinks.inference.peers.v2_servers import CE_03, INTERNAL
from tests.sinks.inference.peers.wire import Asked, Said, speaking
from tests.sinks.inference.server.answering import spec_for
from tests.sinks.making import an_event

C = OutcomeClass
TEXT = ("content-type: text/plain",)
AFTER = ("content-type: application/json", "retry-after: 7")
SHAPE = "X has 3 features, but LogisticRegression is expecting 4 features as input."
LABELS = {"name": "y", "shape": [1, 1], "datatype": "INT64", "data": [0]}
ROWS: tuple[tuple[str, Said, OutcomeClass | None], ...] = (
    ("v1", Said(500, {"error": SHAPE}), C.SUSPECT),
    ("v1", Said(500, {"error": "'instances'"}), C.SUSPECT),
    ("v1", Said(400, {"error": "Unrecognized request format: unexpected end of data"}),
     C.BAD_INPUT),
    ("kserve-ce", Said(500, {"error": "Unrecognized request format: unexpected end"}), C.SUSPECT),
    ("v1", Said(404, {"error": "Model with name iris does not exist."}), C.NOT_READY),
    ("v1", Said(503, {"error": "Model with name iris is not ready."}), C.NOT_READY),
    ("v1", Said(503, {"detail": "overloaded"}, AFTER), C.OVERLOAD),
    ("v2", Said(501, {"error": "Model versioning not supported yet."}), C.CONFIG),
    ("v2", Said(422, {"detail": [{"type": "json_invalid"}]}), C.BAD_INPUT),
    ("v1", Said(200, {"predictions": []}), C.SUSPECT),
    ("v1", Said(200, {"predictions": [None]}), None),
    ("v1", Said(200, {"message": "boom", "batchId": "", "predictions": None}), C.SUSPECT),
    ("kserve-ce", Said(200, {"predictions": [0]}, CE_HEADERS), None),
    ("kserve-ce", Said(200, {"predictions": [0]}), None),
    ("v2", Said(200, {"model_name": "m", "outputs": [LABELS]}, CE_03), None),
    ("v2", INTERNAL, C.SUSPECT),
    ("v2", Said(400, {"error": "Model iris is not ready yet."}), C.NOT_READY),
    ("v2", Said(500, {"error": "asyncio.exceptions.CancelledError: "}), C.NOT_READY),
    ("v2", Said(500, {"error": "failed to parse the request JSON buffer: Missing a name for"
     " object member. at 13"}), C.BAD_INPUT),
    ("v2", Said(500, {"error": "Unable to parse 'data': Shape does not match true shape"}),
     C.BAD_INPUT),
    ("v2", Said(400, {"error": "[request id: 42] inference request batch-size must be <= 8 for"
     " 'iris'"}), C.BAD_INPUT),
    ("v2", Said(503, {"error": "[request id: 42] Exceeds maximum queue size"}), C.OVERLOAD),
    ("v2", Said(400, b'{"error":"Model version not ready"}', TEXT), C.NOT_READY),
    ("v2", Said(404, b'{"error":"Request for unknown model: \'nope\' is not found"}', TEXT),
     C.NOT_READY),
    ("openai", Said(500, b"Internal Server Error", TEXT), C.SUSPECT),
    ("openai", Said(404, {"detail": "Not Found"}), C.CONFIG),
    ("http-json", Said(503, b"Request dropped due to backpressure (num_queued_requests=25,"
     b" max_queued_requests=20)", TEXT), C.OVERLOAD),
    ("http-json", Said(429, b"Too many requests", TEXT), C.OVERLOAD),
    ("v1", Said(503, b"pending request queue full", TEXT), C.OVERLOAD),
)  # fmt: skip


async def carried(serve: Serve, said: Said, *given: Delivery, **fields: Any) -> list[Outcome]:
    """What comes of events whose server says this to every call, and nothing of itself."""

    def answer(asked: Asked) -> Said:
        return Said(404, {}) if asked.method == "GET" else said

    server = await serve(speaking(answer))
    sink = sink_of(f"http://127.0.0.1:{server.port}", **fields)
    outcomes = list(await sink.deliver(given, time.monotonic() + 60.0))
    await sink.close()
    return outcomes


def sink_of(url: str, **fields: Any) -> ModelServerSink:
    spec: InferenceSinkSpec = spec_for(fields.pop("protocol", "v1"), url, **fields)
    return ModelServerSink(spec, SteadyClock(), chance=lambda: 0.0)


def events(count: int) -> list[Delivery]:
    return [
        Delivery(f"d-{n}", "default/t", n, 1, "deliver", an_event(b"[1.0]", id=str(n)))
        for n in range(1, count + 1)
    ]


@pytest.mark.parametrize(("protocol", "said", "expected"), ROWS)
async def test_each_answer_is_taken_for_what_it_means(
    serve: Serve, protocol: str, said: Said, expected: OutcomeClass | None
) -> None:
    (outcome,) = await carried(serve, said, *events(1), protocol=protocol)

    found = outcome.outcome_class if isinstance(outcome, Failed) else None
    assert found is expected, outcome


async def test_headers_of_another_specversion_are_no_event(serve: Serve) -> None:
    said = Said(200, {"model_name": "m", "outputs": [LABELS]}, CE_03)

    (outcome,) = await carried(
        serve, said, *events(1), protocol="v2", reply=ReplySpec(mode="auto", type="labelled")
    )

    assert isinstance(outcome, Delivered)
    assert outcome.reply is not None
    assert outcome.reply.type == "labelled"
    assert outcome.reply.id != "42"


async def test_under_cloudevent_an_answer_that_is_none_is_suspect(serve: Serve) -> None:
    reply = ReplySpec(mode="cloudevent")

    (outcome,) = await carried(serve, Said(200, {"predictions": [0]}), *events(1), reply=reply)

    assert isinstance(outcome, Failed)
    assert outcome.outcome_class is C.SUSPECT


@pytest.mark.parametrize(
    "refusal",
    [
        Said(400, {"detail": "prompt must be a string."}),
        Said(500, b'{"error":{"message":"","type":"internal_server_error","param":null,'
             b'"code":null}}'),
    ],
    ids=["Transformers", "llama.cpp"],
)  # fmt: skip
async def test_a_server_that_takes_no_list_of_prompts_gets_one_at_a_time(
    serve: Serve, refusal: Said
) -> None:
    def answer(asked: Asked) -> Said:
        choice = {"index": 0, "text": "x", "finish_reason": "stop"}
        return refusal if b'"prompt":[' in asked.body else Said(200, {"choices": [choice]})

    server = await serve(speaking(answer))
    sink = sink_of(f"http://127.0.0.1:{server.port}", protocol="openai")

    outcomes = await sink.deliver(events(4), time.monotonic() + 60.0)
    await sink.close()

    assert all(isinstance(one, Delivered) for one in outcomes), outcomes
    assert sink.batch_limit == 1
