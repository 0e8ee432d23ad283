"""At its start a sink asks once what its models take, before the first event."""

import asyncio
import time

import orjson

from broker.clock import SteadyClock
from broker.delivery import Delivered, Failed, OutcomeClass
from sinks.inference.protocol import ModelAnswer, ModelRequest
from sinks.inference.server.caller import Called, Unanswered
from sinks.inference.server.sink import ModelServerSink
from sinks.inference_spec import HoldSpec, VariantSpec
from sinks.target import TargetState
from sinks.target_model import Asker
from tests.sinks.inference.server.answering import answer_to, spec_for
from tests.sinks.making import a_delivery, an_event

REFUSED = Unanswered("connect", "no connection (Connection refused)", was_sent=False)
TWO = (VariantSpec("stable", 1), VariantSpec("canary", 1))


class Described:
    """A V2 model that says which input it takes."""

    def __init__(self, tensor: str = "x") -> None:
        self.tensor = tensor
        self.asked: list[str] = []
        self.posted = 0
        self.is_up = True

    async def post(self, request: ModelRequest, deadline: float) -> Called:
        self.posted += 1
        return ModelAnswer(200, body=answer_to(request.body))

    async def get(self, path: str, deadline: float) -> Called:
        self.asked.append(path)
        await asyncio.sleep(0)
        if not self.is_up:
            return REFUSED
        inputs = [{"name": self.tensor, "datatype": "FP32", "shape": [-1]}]
        return ModelAnswer(200, body=orjson.dumps({"name": "mlserver", "inputs": inputs}))


def sink_of(caller: Described, **fields: object) -> ModelServerSink:
    spec = spec_for("v2", "http://m", **fields)
    return ModelServerSink(spec, SteadyClock(), chance=lambda: 0.5, caller_of=lambda _: caller)


async def looked(sink: ModelServerSink, caller: Described, questions: int) -> None:
    await sink.open()
    deadline = time.monotonic() + 60.0
    while len(caller.asked) < questions and time.monotonic() < deadline:
        await asyncio.sleep(0)
    for _ in range(5):
        await asyncio.sleep(0)


async def outcome_of(sink: ModelServerSink) -> object:
    given = [a_delivery(an_event(b"[1.0]"))]
    (outcome,) = await sink.deliver(given, time.monotonic() + 60.0)
    return outcome


async def test_what_a_model_takes_is_known_before_the_first_event() -> None:
    caller = Described()
    sink = sink_of(caller)

    await looked(sink, caller, 2)
    outcome = await outcome_of(sink)

    assert caller.asked == ["/v2", "/v2/models/m"]
    assert isinstance(outcome, Delivered)
    await sink.close()


async def test_an_input_that_does_not_fit_is_shown_at_once_and_nothing_is_ever_sent() -> None:
    caller = Described(tensor="other")
    sink = sink_of(caller)

    await looked(sink, caller, 2)
    state, message = sink.own_target.state, sink.variants[""].gate.stopped_why
    assert sink.own_target.admit_call(time.monotonic(), Asker("default/t", 1, 0)) == 0.0
    outcome = await outcome_of(sink)

    assert state is TargetState.PAUSED
    assert "does not fit the model" in message
    assert isinstance(outcome, Failed)
    assert (outcome.outcome_class, outcome.pause, caller.posted) == (OutcomeClass.CONFIG, True, 0)
    await sink.close()


async def test_a_model_that_is_not_there_is_not_held_for_it_and_asked_when_an_event_comes() -> None:
    caller = Described()
    caller.is_up = False
    sink = sink_of(caller)
    await looked(sink, caller, 1)
    state = sink.own_target.state
    caller.is_up = True

    outcome = await outcome_of(sink)

    assert state is TargetState.READY
    assert caller.asked == ["/v2", "/v2", "/v2/models/m"]
    assert isinstance(outcome, Delivered)
    await sink.close()


async def test_a_model_that_is_said_to_sleep_is_not_asked() -> None:
    caller = Described()
    sink = sink_of(caller, hold=HoldSpec(assume_asleep_after_seconds=90.0))

    await looked(sink, caller, 0)

    assert caller.asked == []
    await sink.close()


async def test_an_event_that_comes_meanwhile_waits_for_what_is_learned() -> None:
    caller = Described()
    sink = sink_of(caller)
    await sink.open()

    await asyncio.gather(outcome_of(sink), outcome_of(sink))

    assert caller.asked == ["/v2", "/v2/models/m"]
    await sink.close()


async def test_each_variant_is_asked_for_itself() -> None:
    caller = Described()
    sink = sink_of(caller, variants=TWO)

    await looked(sink, caller, 4)

    assert sorted(caller.asked) == ["/v2", "/v2", "/v2/models/m", "/v2/models/m"]
    await sink.close()
