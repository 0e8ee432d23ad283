"""ModelServerSink over HTTP to a server that answers as KServe does."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable

import orjson
import pytest

from broker.clock import SteadyClock
from broker.delivery import Delivered, Delivery, Failed, OutcomeClass
from broker.errors import Unavailable
from sinks.inference.server.sink import ModelServerSink
from sinks.inference_spec import InferenceSinkSpec
from sinks.target import TargetState
from tests.sinks.inference.peers.kserve import KServe
from tests.sinks.inference.peers.wire import speaking
from tests.sinks.making import an_event
from tests.sinks.server import SinkServer

Connect = Callable[[KServe], Awaitable[ModelServerSink]]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    ends: list[Callable[[], Awaitable[None]]] = []

    async def to(kserve: KServe) -> ModelServerSink:
        server = SinkServer(speaking(kserve.answer))
        await server.start()
        url = f"http://127.0.0.1:{server.port}"
        spec = InferenceSinkSpec("default/iris", "v1", url, model="iris")
        sink = ModelServerSink(spec, SteadyClock(), chance=lambda: 0.0)
        ends.extend((sink.close, server.close))
        return sink

    yield to
    for end in ends:
        await end()


def irises(*petals: list[float]) -> list[Delivery]:
    events = [an_event(orjson.dumps(row), id=str(number)) for number, row in enumerate(petals)]
    return [
        Delivery(f"d-{number}", "default/t", number, 1, "deliver", event)
        for number, event in enumerate(events)
    ]


def soon() -> float:
    return time.monotonic() + 60.0


async def test_a_batch_is_predicted_and_each_reply_has_its_row(connect: Connect) -> None:
    sink = await connect(KServe())

    outcomes = await sink.deliver(irises([5, 3, 1, 0.2], [6, 3, 6, 2]), soon())

    replies = [one.reply for one in outcomes if isinstance(one, Delivered)]
    assert [orjson.loads(reply.data or b"") for reply in replies if reply] == [0, 2]


async def test_a_row_of_the_wrong_shape_costs_only_its_own_event(connect: Connect) -> None:
    sink = await connect(KServe())
    given = irises(*[[5, 3, 1, 0.2]] * 3, [5, 3], *[[5, 3, 1, 0.2]] * 4)

    outcomes = await sink.deliver(given, soon())

    failed = [number for number, one in enumerate(outcomes) if isinstance(one, Failed)]
    assert failed == [3]


async def test_a_model_that_is_not_ready_is_waited_for_and_then_probed(connect: Connect) -> None:
    kserve = KServe({"iris": False})
    sink = await connect(kserve)
    (away,) = await sink.deliver(irises([5, 3, 1, 0.2]), soon())
    with pytest.raises(Unavailable):
        await sink.probe()

    kserve.models["iris"] = True
    await sink.probe()

    assert isinstance(away, Failed)
    assert (away.outcome_class, away.is_held) == (OutcomeClass.NOT_READY, True)
    assert sink.own_target.state is TargetState.HOLDING
