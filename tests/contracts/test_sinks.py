"""What every kind of sink promises, whatever it does."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from broker.clock import SteadyClock
from broker.delivery import Delivered, Delivery, Failed, Outcome
from broker.errors import Unavailable
from sinks.file_batch.sink import FileBatchSink
from sinks.file_batch.spec import FileBatchSpec
from sinks.http import HttpSink
from sinks.http_client import HttpClient
from sinks.kinds import KINDS, Supplies, make_sink
from sinks.recorder import RecorderSink
from sinks.sink import Sink
from sinks.spec import FileBatchSinkSpec, FileSinkSpec, HttpSinkSpec, InferenceSinkSpec
from sinks.target import Target
from tests.sinks.inference.models import doubling
from tests.sinks.inference.server.answering import INPUTS, behave, spec_for
from tests.sinks.making import a_delivery, an_event
from tests.sinks.server import ACCEPTED, SinkServer, answering

Make = Callable[[str, bool], Awaitable[Sink]]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """A sink of a kind, before its opening; one that works, or one that never can."""
    clock = SteadyClock()
    client = HttpClient(clock)
    supplies = Supplies(clock, client)
    server = SinkServer(answering(ACCEPTED))
    await server.start()
    model = SinkServer(behave)
    await model.start()

    async def made(kind: str, works: bool) -> Sink:
        if kind == "recorder":
            recorder = RecorderSink(script=None if works else refuse, batch_limit=4)
            recorder.is_ready = works
            return recorder
        if kind == "http":
            return make_sink(HttpSinkSpec(server.url if works else "http://127.0.0.1:1/"), supplies)
        if kind == "file":
            (tmp_path / "taken").write_bytes(b"")
            folder = tmp_path if works else tmp_path / "taken"
            return make_sink(FileSinkSpec("default/out", str(folder / "out")), supplies)
        if kind == "file-batch":
            recorder = RecorderSink()
            recorder.is_ready = works
            model_of = partial(_recording, recorder)
            with_desk = replace(supplies, model_of=model_of, desk_of=lambda _: Clerk(works))
            spec = FileBatchSpec("default/files", "default/m", str(tmp_path))
            return make_sink(
                FileBatchSinkSpec(spec, InferenceSinkSpec("default/m", "onnx", "file:m")), with_desk
            )
        if kind in INPUTS:
            url = f"http://127.0.0.1:{model.port if works else 1}"
            return make_sink(spec_for(kind, url), supplies)
        path = doubling(tmp_path / "m.onnx") if works else tmp_path / "none.onnx"
        return make_sink(InferenceSinkSpec("default/m", "onnx", path.as_uri()), supplies)

    yield made
    await client.close()
    await server.close()
    await model.close()


def _recording(recorder: RecorderSink, _spec: InferenceSinkSpec) -> tuple[Sink, Target]:
    return recorder, Target("m", lambda: 0.5)


class Clerk:
    """A desk of file jobs that are all done; or whose files nobody can reach."""

    def __init__(self, works: bool) -> None:
        self._works = works

    async def work_on(self, _delivery: Delivery, _sink: FileBatchSink) -> Outcome:
        if self._works:
            return Delivered()
        raise Unavailable("the bucket does not answer", remedy="look at it")


def refuse(_delivery: Delivery) -> Failed:
    from broker.delivery import OutcomeClass

    return Failed(OutcomeClass.TRANSIENT, "told to refuse")


def deliveries(count: int) -> list[Delivery]:
    return [a_delivery(an_event(b"[[1, 2]]", id=f"e-{n}"), number=n) for n in range(count)]


def soon() -> float:
    return time.monotonic() + 60.0


@pytest.fixture(params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_each_delivery_gets_one_outcome(kind: str, make: Make) -> None:
    sink = await make(kind, True)
    await sink.open()
    count = sink.batch_limit

    outcomes = await sink.deliver(deliveries(count), soon())
    await sink.close()

    assert len(outcomes) == count
    assert all(isinstance(outcome, Delivered) for outcome in outcomes)


async def test_a_refusal_is_an_outcome_never_an_exception(kind: str, make: Make) -> None:
    sink = await make(kind, False)

    outcomes = await sink.deliver(deliveries(1), soon())
    await sink.close()

    assert len(outcomes) == 1
    assert isinstance(outcomes[0], Failed)
    assert outcomes[0].message


async def test_a_deadline_in_the_past_costs_no_time(kind: str, make: Make) -> None:
    sink = await make(kind, True)
    await sink.open()
    began = time.monotonic()

    outcomes = await sink.deliver(deliveries(1), began - 1.0)

    assert len(outcomes) == 1
    assert time.monotonic() - began < 20.0
    await sink.close()


async def test_it_may_be_opened_twice_and_again_after_closing(kind: str, make: Make) -> None:
    sink = await make(kind, True)

    await sink.open()
    await sink.open()
    await sink.close()
    await sink.close()
    await sink.open()
    (outcome,) = await sink.deliver(deliveries(1), soon())
    await sink.close()

    assert isinstance(outcome, Delivered)


async def test_a_probe_says_whether_it_would_answer(kind: str, make: Make) -> None:
    works, broken = await make(kind, True), await make(kind, False)

    await works.probe()
    with pytest.raises(Unavailable):
        await broken.probe()
    await works.close()
    await broken.close()


async def test_its_name_and_batch_limit_are_for_operators(kind: str, make: Make) -> None:
    sink = await make(kind, True)

    assert sink.name
    assert sink.batch_limit >= 1


async def test_a_name_shows_no_credential() -> None:
    client = HttpClient(SteadyClock())

    sink = HttpSink(HttpSinkSpec("http://host/?token=secret"), client, SteadyClock())

    assert "secret" not in sink.name
    await client.close()
