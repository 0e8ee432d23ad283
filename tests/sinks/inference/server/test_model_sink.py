"""ModelServerSink against servers of our own: batches, bisection, variants, what is counted."""

import time

import orjson
import pytest

from broker.clock import SteadyClock
from broker.delivery import Delivered, Delivery, Failed, Outcome, OutcomeClass, Reason
from sinks.inference.protocol import ModelAnswer, ModelRequest
from sinks.inference.server.caller import Called, Unanswered
from sinks.inference.server.sink import ModelServerSink
from sinks.inference_spec import BatchSpec, ClassifyRule, LimitSpec, ReplyMode, ReplySpec
from sinks.target import TargetState
from tests.sinks.inference.server.answering import answer_to, spec_for
from tests.sinks.making import an_event


class Recorded:
    """A caller that answers as `answer` says; `calls` are the records of each."""

    def __init__(self) -> None:
        self.calls: list[list[object]] = []
        self.asked: list[str] = []
        self.refused: Called | None = None
        self.poison: object = None

    async def post(self, request: ModelRequest, deadline: float) -> Called:
        asked = orjson.loads(request.body)
        records = asked.get("instances") or asked.get("prompt") or []
        self.calls.append(records)
        if self.refused is not None:
            return self.refused
        if self.poison in records:
            return ModelAnswer(500, body=b'{"error":"boom"}')
        return ModelAnswer(200, body=answer_to(request.body))

    async def get(self, path: str, deadline: float) -> Called:
        self.asked.append(path)
        return ModelAnswer(404)


def sink_of(caller: Recorded, protocol: str = "v1", **fields: object) -> ModelServerSink:
    spec = spec_for(protocol, "http://m", **fields)
    return ModelServerSink(spec, SteadyClock(), chance=lambda: 0.5, caller_of=lambda _: caller)


def deliveries(count: int, attempt: int = 1) -> list[Delivery]:
    return [
        Delivery(f"d-{n}", "default/t", n, attempt, "deliver", an_event(b"%d" % n, id=str(n)))
        for n in range(1, count + 1)
    ]


async def deliver(sink: ModelServerSink, *given: Delivery) -> list[Outcome]:
    return list(await sink.deliver(given, time.monotonic() + 60.0))


async def test_a_batch_is_one_call_and_each_event_has_its_own_reply() -> None:
    caller = Recorded()

    outcomes = await deliver(sink_of(caller), *deliveries(8))

    assert caller.calls == [[1, 2, 3, 4, 5, 6, 7, 8]]
    replies = [one.reply for one in outcomes if isinstance(one, Delivered)]
    assert [reply.attributes["causeid"] for reply in replies if reply] == list("12345678")


async def test_a_poison_event_is_found_by_halves_and_alone_is_suspect() -> None:
    caller = Recorded()
    caller.poison = 7
    sink = sink_of(caller, batch=BatchSpec(is_adaptive=False))

    outcomes = await deliver(sink, *deliveries(64))

    failed = [one for one in outcomes if isinstance(one, Failed)]
    assert isinstance(outcomes[6], Failed)
    assert len(failed) == 1
    assert failed[0].waits_seconds == (5.0, 30.0)
    assert len(caller.calls) == 13
    assert sink.variants[""].counts.bisects == 6


async def test_where_all_fail_alike_the_next_batch_is_not_divided() -> None:
    caller = Recorded()
    caller.refused = ModelAnswer(500, body=b"{}")
    sink = sink_of(caller)
    await deliver(sink, *deliveries(4))
    before = len(caller.calls)

    await deliver(sink, *deliveries(4))

    assert (before, len(caller.calls)) == (7, 8)


async def test_a_batch_that_is_too_large_is_halved_and_stays_smaller() -> None:
    caller = Recorded()
    caller.refused = ModelAnswer(413)
    sink = sink_of(caller)

    await deliver(sink, *deliveries(8))

    assert [len(call) for call in caller.calls][:4] == [8, 4, 2, 1]
    assert sink.batch_limit == 1


async def test_an_event_that_cannot_be_sent_dies_without_a_call() -> None:
    caller = Recorded()
    large = Delivery("d", "default/t", 1, 1, "deliver", an_event(b'"' + b"x" * 999 + b'"'))
    sink = sink_of(caller, limits=LimitSpec(max_request_bytes=500))

    (outcome,) = await deliver(sink, large)

    assert isinstance(outcome, Failed)
    assert outcome.outcome_class is OutcomeClass.BAD_INPUT
    assert caller.calls == []


async def test_what_was_sent_and_may_not_be_sent_again_is_dead() -> None:
    caller = Recorded()
    caller.refused = Unanswered("read", "the connection closed without an answer", True)

    (outcome,) = await deliver(sink_of(caller, is_resent=False), *deliveries(1))

    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.ATTEMPTS


async def test_a_model_that_is_away_gets_nothing_more_and_all_is_held() -> None:
    caller = Recorded()
    caller.refused = Unanswered("connect", "no connection (Connection refused)", False)
    sink = sink_of(caller)
    await deliver(sink, *deliveries(2))

    outcomes = await deliver(sink, *deliveries(2))

    assert sink.own_target.state is TargetState.HOLDING
    assert [one.is_held for one in outcomes if isinstance(one, Failed)] == [True, True]
    assert (len(caller.calls), sink.batch_limit) == (1, 1)


@pytest.mark.parametrize("mode", ["wrap", "none"])
async def test_tokens_are_counted_with_and_without_replies(mode: ReplyMode) -> None:
    limits = LimitSpec(tokens_per_minute=60)  # the peer's answers are of ten tokens an event
    sink = sink_of(Recorded(), "openai", limits=limits, reply=ReplySpec(mode=mode))

    outcomes = await deliver(sink, *deliveries(8))

    assert all(isinstance(one, Delivered) for one in outcomes)
    assert sink.variants[""].counts.tokens == 80
    assert sink.own_target.admit(time.monotonic()) > time.monotonic() + 5.0


async def test_a_finish_that_is_refused_is_so_without_replies_too() -> None:
    sink = sink_of(Recorded(), "openai", reply=ReplySpec(mode="none", fail_on=("stop",)))

    outcomes = await deliver(sink, *deliveries(2))

    failed = [one for one in outcomes if isinstance(one, Failed)]
    assert [one.outcome_class for one in failed] == [OutcomeClass.BAD_INPUT] * 2


async def test_rules_of_the_configuration_go_first() -> None:
    caller = Recorded()
    caller.refused = ModelAnswer(500, body=b"out of quota")
    rule = ClassifyRule(OutcomeClass.CONFIG, 500, "quota")

    (outcome,) = await deliver(sink_of(caller, classify=(rule,)), *deliveries(1))

    assert isinstance(outcome, Failed)
    assert (outcome.outcome_class, outcome.is_held) == (OutcomeClass.CONFIG, True)


async def test_a_server_that_nobody_named_is_asked_once_who_it_is() -> None:
    caller = Recorded()
    sink = sink_of(caller)

    for _ in range(3):
        await deliver(sink, *deliveries(1))

    assert caller.asked == ["/v2"]


async def test_tokens_and_batches_are_counted() -> None:
    caller = Recorded()
    sink = sink_of(caller, "openai")

    await deliver(sink, *deliveries(3))

    counts = sink.variants[""].counts
    assert (counts.tokens, counts.events_ok, counts.batch_records.sum) == (30, 3, 3)
