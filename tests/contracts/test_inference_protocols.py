"""What every inference protocol promises, each against a peer that answers as real servers do."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from broker.delivery import OutcomeClass
from broker.errors import Invalid
from sinks.inference.classes.learning import Learned
from sinks.inference.protocol import InferenceProtocol, Item, ModelAnswer, Part, Refusal
from sinks.inference.protocols import PROTOCOLS, make_protocol
from sinks.inference_spec import BatchSpec, InferenceSinkSpec
from tests.sinks.inference.peers.kserve import KServe
from tests.sinks.inference.peers.others import OpenAiLike, PlainService
from tests.sinks.inference.peers.v2_servers import MLServer, Triton
from tests.sinks.inference.peers.wire import Said, ask, speaking
from tests.sinks.making import a_delivery, an_event
from tests.sinks.server import SinkServer

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
IRISES = [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3], [5.9, 3.0, 4.2, 1.5]]
COLUMNS = {"columns": {"names": ["a", "b", "c", "d"], "tensor": "X", "datatype": "FP32"}}
ROWS = [dict(zip("abcd", iris, strict=True)) for iris in IRISES]
TEXTS = [{"text": word} for word in ("one", "three", "fourteen")]
Peer = KServe | MLServer | Triton | OpenAiLike | PlainService


@dataclass(frozen=True)
class Case:
    """A protocol, the peer that speaks it, events, and what is to come of each."""

    protocol: str
    peer: Callable[[], Peer]
    data: list[Any]
    values: list[Any]
    short: dict[str, Any]  # a 200 with too few answers
    spec: dict[str, Any]
    learned: Learned = field(default_factory=Learned)


def labels(**more: Any) -> dict[str, Any]:
    output = {"name": "y", "shape": [0], "datatype": "INT64", "data": []}
    return {"model_name": "iris", "outputs": [output], **more}


V2 = {"model": "iris", "input": COLUMNS, "output": {"take": "predictions"}}
CASES = {
    "v1": Case("v1", KServe, IRISES, [0, 2, 1], {"predictions": []}, {"model": "iris"}),
    "v2 at KServe": Case("v2", KServe, ROWS, [0, 2, 1], labels(), V2),
    "v2 at MLServer": Case("v2", MLServer, ROWS, [0, 2, 1], labels(), V2),
    "v2 at Triton": Case("v2", Triton, ROWS, [0, 2, 1], labels(), V2),
    "v2 raw at Triton": Case(
        "v2", Triton, ROWS, [0, 2, 1], labels(), V2, Learned("triton", is_binary=True)
    ),
    "openai chat": Case(
        "openai",
        OpenAiLike,
        TEXTS,
        ["ONE", "THREE", "FOURTEEN"],
        {"choices": []},
        {"model": "tiny", "input": {"prompt": "{{ data/text }}"}},
    ),
    "openai completions": Case(
        "openai",
        OpenAiLike,
        TEXTS,
        ["ONE", "THREE", "FOURTEEN"],
        {"choices": []},
        {"model": "tiny", "task": "completions", "input": {"prompt": "{{ data/text }}"}},
    ),
    "openai embeddings": Case(
        "openai",
        OpenAiLike,
        TEXTS,
        [[3.0, 1.0], [5.0, 1.0], [8.0, 1.0]],
        {"data": []},
        {"model": "tiny", "task": "embeddings", "input": {"embed": "/text"}},
    ),
    "kserve-ce": Case(
        "kserve-ce",
        KServe,
        IRISES,
        [0, 2, 1],
        {"predictions": []},
        {"model": "iris", "output": {"take": "predictions"}},
    ),
    "http-json": Case(
        "http-json",
        PlainService,
        IRISES,
        [0, 2, 1],
        {"found": []},
        {"batch": BatchSpec(8, wrap="/flowers"), "output": {"path": "/found"}},
    ),
}


class Bench:
    """One protocol and its peer, running."""

    def __init__(self, case: Case, peer: Peer, port: int) -> None:
        self.case = case
        self.peer = peer
        self.port = port
        spec = InferenceSinkSpec("default/s", case.protocol, "http://peer", **case.spec)  # type: ignore[arg-type]
        self.protocol: InferenceProtocol = make_protocol(spec, lambda: NOW, case.learned)

    def items(self, count: int) -> list[Item]:
        data = [orjson.dumps(each) for each in self.case.data[:count]]
        events = [an_event(each, id=f"e-{n}") for n, each in enumerate(data)]
        return [self.protocol.item(a_delivery(event)) for event in events]

    async def call(self, items: list[Item]) -> Any:
        """The values of the parts, or the class of the refusal."""
        answer = await ask(self.port, self.protocol.request(items))
        return self.seen(items, answer)

    def seen(self, items: list[Item], answer: ModelAnswer) -> Any:
        parts = self.protocol.parts(items, answer)
        if isinstance(parts, Refusal):
            return parts.outcome_class
        return [_value(part) for part in parts]


def _value(part: Part) -> Any:
    """What a part says; of an answer that is an event, its data. [2] and [2, 1] both occur."""
    if part.event is None:
        alone = isinstance(part.value, list) and len(part.value) == 1
        return part.value[0] if alone else part.value
    return orjson.loads(part.event.data or b"")["predictions"][0]


@pytest.fixture(params=list(CASES))
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    case = CASES[request.param]
    peer = case.peer()
    server = SinkServer(speaking(peer.answer))
    await server.start()
    yield Bench(case, peer, server.port)
    await server.close()


def test_every_protocol_has_a_case() -> None:
    assert {case.protocol for case in CASES.values()} == set(PROTOCOLS)


async def test_one_event_gets_its_own_answer(bench: Bench) -> None:
    found = await bench.call(bench.items(1))

    assert found == bench.case.values[:1]


async def test_a_batch_is_answered_event_by_event_in_order(bench: Bench) -> None:
    count = min(3, bench.protocol.batch_limit)

    found = await bench.call(bench.items(count))

    assert found == bench.case.values[:count]


async def test_events_that_may_share_a_request_have_one_key(bench: Bench) -> None:
    first, second, *_ = bench.items(3)

    assert (first.key == second.key) == (bench.protocol.batch_limit > 1)


async def test_a_success_with_too_few_answers_is_suspect(bench: Bench) -> None:
    bench.peer.says = Said(200, bench.case.short, ())

    assert await bench.call(bench.items(1)) is OutcomeClass.SUSPECT


@pytest.mark.parametrize("body", [b"not JSON", b"\xff\xfe", b"[", b"null", b"7", b'{"a":1}'])
async def test_a_success_that_is_no_answer_is_suspect(bench: Bench, body: bytes) -> None:
    bench.peer.says = Said(200, body)

    assert await bench.call(bench.items(1)) is OutcomeClass.SUSPECT


@pytest.mark.parametrize("status", [200, 204])
async def test_a_success_without_a_body_is_no_reply(bench: Bench, status: int) -> None:
    items = bench.items(1)

    parts = bench.protocol.parts(items, ModelAnswer(status))

    assert not isinstance(parts, Refusal)
    assert [part.is_empty for part in parts] == [True]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (Said(400, {"error": "bad feature vector"}), OutcomeClass.BAD_INPUT),
        (Said(429, b"slow down", ()), OutcomeClass.OVERLOAD),
        (Said(502, b"", ()), OutcomeClass.NOT_READY),
        (Said(409, b"", ()), OutcomeClass.TRANSIENT),
        (Said(500, {"error": "RuntimeError : model exploded"}), OutcomeClass.SUSPECT),
        (Said(403, b"", ()), OutcomeClass.CONFIG),
    ],
)
async def test_each_class_is_told_apart(bench: Bench, said: Said, expected: OutcomeClass) -> None:
    bench.peer.says = said

    assert await bench.call(bench.items(1)) is expected


async def test_requests_say_their_type_without_parameters(bench: Bench) -> None:
    request = bench.protocol.request(bench.items(1))

    headers = dict(request.headers)
    assert headers["content-type"] in ("application/json", "application/octet-stream")
    assert headers.get("x-request-id") == (None if bench.case.protocol == "openai" else "e-0")
    assert "content-encoding" not in headers


async def test_data_that_is_no_json_spoils_its_own_event(bench: Bench) -> None:
    with pytest.raises(Invalid):
        bench.protocol.item(a_delivery(an_event(b"\x89PNG")))


async def test_the_probe_of_a_ready_model_is_answered(bench: Bench) -> None:
    for path in bench.protocol.probe_paths()[:1]:
        answer = await ask(bench.port, path)

        assert answer.status == 200
