"""A model that refuses, is overloaded, breaks or is configured wrongly: who pays for it."""

import random

import orjson

from broker.delivery import Reason
from sinks.inference.protocol import ModelAnswer
from sinks.inference.server.caller import Called, Unanswered
from sinks.inference_spec import BatchSpec, BreakerSpec, InferenceSinkSpec, VariantSpec
from sinks.target import TargetState
from tests.scenarios.house import House, trigger
from tests.scenarios.model_server import (
    ScriptedServer,
    asking,
    predicting,
    refusing,
    served_by,
)


def house_with(scripted: ScriptedServer, **fields: object) -> House:
    house = House()
    house.models["t"] = served_by(scripted, **fields)
    return house


async def test_overload_uses_no_attempt_and_makes_batches_smaller() -> None:
    server = ScriptedServer()
    server.answer = refusing(429)
    house = house_with(server)
    await house.start(trigger(policy={"retry": 0}))
    await house.publish(*(asking(number) for number in range(64)))
    await house.until(lambda: len(server.calls) > 8)
    variant = house.model_sinks["t"].variants[""]
    smallest = variant.batch.value

    server.answer = predicting
    await house.settle()

    assert smallest == 1
    assert (house.counts().delivered, house.counts().dead) == (64, 0)


async def test_a_poison_event_in_a_batch_of_64_ends_alone_after_about_13_calls() -> None:
    server = ScriptedServer()

    def answer(numbers: list[int]) -> Called:
        return refusing(500, "boom")(numbers) if 41 in numbers else predicting(numbers)

    server.answer = answer
    house = house_with(server, batch=BatchSpec(is_adaptive=False))
    await house.start(trigger(paused=True))
    await house.publish(*(asking(number) for number in range(64)))
    await house.partition.steering.resume("default/t", "tests")
    await house.until(lambda: house.counts().delivered == 63)
    calls = len(server.calls)

    await house.settle()

    (letter,) = await house.dead_letters()
    assert (letter.event.id, letter.reason) == ("41", Reason.ATTEMPTS.value)
    assert calls <= 13
    assert letter.attempt_count == 3


async def test_an_event_that_is_refused_in_a_batch_dies_alone_at_once() -> None:
    server = ScriptedServer()

    def answer(numbers: list[int]) -> Called:
        return refusing(400, "no")(numbers) if 5 in numbers else predicting(numbers)

    server.answer = answer
    house = house_with(server)
    await house.start(trigger())

    await house.publish(*(asking(number) for number in range(64)))
    await house.settle()

    assert [letter.event.id for letter in await house.dead_letters()] == ["5"]
    assert house.counts().delivered == 63


async def test_where_every_event_is_refused_the_target_opens_and_the_rest_waits() -> None:
    server = ScriptedServer()
    server.answer = refusing(400, "API key not valid")
    house = house_with(server)
    await house.start(trigger())
    await house.publish(*(asking(number) for number in range(500)))
    target = house.lane().target
    await house.until(lambda: len(server.calls) > 60)

    assert target.state in (TargetState.OPEN, TargetState.PROBING)
    assert house.counts().dead == 19
    server.answer = predicting
    await house.settle()
    assert house.counts().delivered == 481


async def test_a_wrong_path_pauses_the_trigger_with_its_deliveries_held() -> None:
    server = ScriptedServer()
    server.answer = refusing(405, "Method Not Allowed")
    house = house_with(server)
    await house.start(trigger())
    await house.publish(*(asking(number) for number in range(10)))

    await house.until(lambda: house.lane().is_paused)

    assert (house.counts().dead, house.lane().parked_count) == (0, 0)
    assert "405" in house.lane().trigger_state.reason


async def test_a_model_broken_overnight_costs_no_dead_letters() -> None:
    server = ScriptedServer()
    server.answer = refusing(500, "CUDA error")
    house = house_with(server)
    await house.start(trigger())
    await house.publish(*(asking(number) for number in range(1000)))
    began = house.clock.monotonic()
    await house.until(lambda: house.clock.monotonic() - began > 12 * 3600)
    calls = len(server.calls)

    server.answer = predicting
    await house.settle()

    assert (house.counts().delivered, house.counts().dead) == (1000, 0)
    assert calls < 3000


async def test_a_model_that_answers_nothing_overnight_costs_no_dead_letters() -> None:
    server = ScriptedServer()
    server.answer = lambda _: Unanswered("timeout", "the deadline passed before it answered", True)
    house = house_with(server)
    await house.start(trigger())
    await house.publish(*(asking(number) for number in range(200)))
    began = house.clock.monotonic()
    await house.until(lambda: house.clock.monotonic() - began > 12 * 3600)

    server.answer = predicting
    await house.settle()

    assert (house.counts().delivered, house.counts().dead) == (200, 0)


async def test_a_canary_of_a_tenth_gets_a_tenth_and_each_event_the_same_variant() -> None:
    servers: dict[str, ScriptedServer] = {"stable": ScriptedServer(), "canary": ScriptedServer()}

    def of(spec: InferenceSinkSpec) -> ScriptedServer:
        return servers[spec.version or ""]

    shares = (
        VariantSpec("stable", 90, version="stable"),
        VariantSpec("canary", 10, version="canary"),
    )
    house = House()
    house.models["t"] = served_by(of, variants=shares)
    flaky = random.Random(7)

    def answer(numbers: list[int]) -> Called:
        return refusing(504)(numbers) if flaky.random() < 0.2 else predicting(numbers)

    for server in servers.values():
        server.answer = answer
    await house.start(trigger())

    for first in range(0, 5000, 500):
        await house.publish(*(asking(number) for number in range(first, first + 500)))
    await house.settle()

    canary, stable = set(servers["canary"].seen), set(servers["stable"].seen)
    assert not canary & stable
    assert 400 <= len(canary) <= 600
    assert house.counts().delivered == 5000


async def test_a_canary_that_sleeps_does_not_keep_the_others_waiting() -> None:
    servers = {"stable": ScriptedServer(), "canary": ScriptedServer()}
    servers["canary"].is_up = False
    shares = (
        VariantSpec("stable", 50, version="stable"),
        VariantSpec("canary", 50, version="canary"),
    )
    house = House()
    house.models["t"] = served_by(lambda spec: servers[spec.version or ""], variants=shares)
    await house.start(trigger())
    await house.publish(*(asking(number) for number in range(400)))
    await house.until(lambda: len(servers["stable"].seen) > 150, hours=0.1)
    waited_for = 400 - house.counts().delivered

    servers["canary"].is_up = True
    await house.settle()

    assert waited_for > 100
    assert (house.counts().delivered, house.counts().dead) == (400, 0)


async def test_calls_in_flight_are_bounded_over_all_triggers() -> None:
    server = ScriptedServer()
    server.seconds = 0.5
    house = house_with(server, breaker=BreakerSpec(), batch=BatchSpec(max_records=1))
    await house.start(trigger(), trigger("b", to="t"), trigger("c", to="t"))

    await house.publish(*(asking(number) for number in range(50)))
    await house.until(lambda: len(server.calls) >= 10)
    early = server.most_under_way
    for name in ("t", "b", "c"):
        await house.settle(name)

    assert early <= 5
    assert server.most_under_way <= 32
    assert sorted(server.seen) == sorted([*range(50)] * 3)


async def test_what_a_server_says_of_its_largest_batch_is_learned() -> None:
    server = ScriptedServer()

    def answer(numbers: list[int]) -> Called:
        if len(numbers) > 4:
            text = "[request id: 42] inference request batch-size must be <= 4 for 'iris'"
            return ModelAnswer(400, body=orjson.dumps({"error": text}))
        return predicting(numbers)

    server.answer = answer
    house = house_with(server, server="triton")
    await house.start(trigger())
    await house.publish(*(asking(number) for number in range(200)))

    await house.settle()

    refused = [call for call in server.calls if len(call) > 4]
    assert len(refused) <= 4
    assert house.counts().delivered == 200
