"""How model servers start, end and hang, as sinks see it over HTTP."""

import asyncio
import time
from typing import Any

import pytest

from broker.clock import SteadyClock
from broker.delivery import Delivered, Delivery, Failed, Outcome, OutcomeClass
from sinks.inference.server.sink import ModelServerSink
from sinks.inference_spec import HoldSpec, LimitSpec
from tests.sinks.conftest import Serve
from tests.sinks.inference.peers.v2_servers import MLServer
from tests.sinks.inference.peers.wire import speaking
from tests.sinks.inference.server.answering import behave, spec_for
from tests.sinks.making import an_event
from tests.sinks.server import Exchange, SinkServer

PATIENCE_SECONDS = 60.0


def sink_of(port: int, **fields: Any) -> ModelServerSink:
    spec = spec_for(fields.pop("protocol", "v1"), f"http://127.0.0.1:{port}", **fields)
    return ModelServerSink(spec, SteadyClock(), chance=lambda: 0.0)


def event(data: bytes = b"[1.0]") -> Delivery:
    return Delivery("d-1", "default/t", 1, 1, "deliver", an_event(data, id="1"))


async def carried(sink: ModelServerSink, seconds: float = PATIENCE_SECONDS) -> Outcome:
    (outcome,) = await sink.deliver([event()], time.monotonic() + seconds)
    return outcome


def class_of(outcome: Outcome) -> OutcomeClass | None:
    return outcome.outcome_class if isinstance(outcome, Failed) else None


async def test_a_server_that_loads_is_waited_for_with_one_call_at_a_time() -> None:
    mlserver = MLServer({"iris": False})
    server = SinkServer(speaking(mlserver.answer))
    await server.start()
    columns = {"columns": {"names": list("abcd"), "tensor": "x", "datatype": "FP32"}}
    hold = HoldSpec(initial_seconds=0.01, max_seconds=0.01)
    sink = sink_of(server.port, protocol="v2", model="iris", input=columns, hold=hold)
    given = [event(b'{"a":5,"b":3,"c":1,"d":0}')]

    outcomes = [*await sink.deliver(given, time.monotonic() + PATIENCE_SECONDS)]
    mlserver.models["iris"] = True
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not isinstance(outcomes[-1], Delivered):
            outcomes += await sink.deliver(given, time.monotonic() + PATIENCE_SECONDS)
            await asyncio.sleep(0.005)
    await sink.close()
    await server.close()

    away = [one for one in outcomes if isinstance(one, Failed)]
    assert {class_of(one) for one in away} == {OutcomeClass.NOT_READY}
    assert all(one.is_held for one in away)


async def test_a_server_that_stops_breaks_kept_connections_and_is_then_refused(
    serve: Serve,
) -> None:
    server = await serve(behave)
    sink = sink_of(server.port)
    before = await carried(sink)

    await server.close()
    after = await carried(sink)
    await sink.close()

    assert isinstance(before, Delivered)
    assert class_of(after) is OutcomeClass.NOT_READY


@pytest.mark.parametrize("is_resent", [True, False])
async def test_a_server_that_is_killed_under_a_call_has_used_an_attempt(
    serve: Serve, is_resent: bool
) -> None:
    async def dying(exchange: Exchange) -> None:
        if exchange.request.line.startswith("POST"):
            exchange.reset()
        else:
            await behave(exchange)

    sink = sink_of((await serve(dying)).port, is_resent=is_resent)

    outcome = await carried(sink)
    await sink.close()

    assert isinstance(outcome, Failed)
    assert outcome.outcome_class is OutcomeClass.TRANSIENT
    assert (outcome.reason is None) is is_resent


async def test_a_server_that_never_answers_keeps_its_slot_for_a_mean_call(serve: Serve) -> None:
    async def silent(exchange: Exchange) -> None:
        if len(server.requests) < 3:
            await behave(exchange)
        else:
            await exchange.reader.read()

    server = await serve(silent)
    sink = sink_of(server.port, limits=LimitSpec(max_in_flight=1))
    await carried(sink)
    sink.own_target.calls.mean_seconds = 30.0

    outcome = await carried(sink, seconds=0.3)
    await sink.close()

    assert class_of(outcome) is OutcomeClass.TRANSIENT
    assert sink.own_target.admit(time.monotonic()) > time.monotonic() + 10.0


async def test_an_endless_answer_is_suspect_and_its_connection_is_closed(serve: Serve) -> None:
    ended = asyncio.Event()

    async def endless(exchange: Exchange) -> None:
        if exchange.request.line.startswith("GET"):
            await behave(exchange)
            return
        await exchange.send(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                await exchange.send(b"0" * 65_536)
        except ConnectionError:
            ended.set()
            raise

    sink = sink_of((await serve(endless)).port, limits=LimitSpec(max_response_bytes=10_000))

    outcome = await carried(sink)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await ended.wait()
    await sink.close()

    assert class_of(outcome) is OutcomeClass.SUSPECT
