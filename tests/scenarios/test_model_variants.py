"""Variants of one sink: what is wrong with one is not the others' matter."""

from broker.delivery import Reason
from sinks.inference_spec import HoldSpec, InferenceSinkSpec, VariantSpec
from sinks.target import TargetState
from sinks.target_model import ModelTarget
from tests.scenarios.house import House, trigger
from tests.scenarios.model_server import ScriptedServer, asking, predicting, refusing, served_by
from triggers.mending import FAR_AWAY

EVENTS = [asking(number) for number in range(200)]
HALVES = (VariantSpec("stable", 50, version="stable"), VariantSpec("canary", 50, version="canary"))
WRONG_KEY = refusing(401, "no such key")


class Two:
    """A house whose model has a stable variant and a canary of half of the events."""

    def __init__(self, **fields: object) -> None:
        self.stable, self.canary = ScriptedServer(), ScriptedServer()
        self.house = House()

        def of(spec: InferenceSinkSpec) -> ScriptedServer:
            return self.canary if spec.version == "canary" else self.stable

        self.house.models["t"] = served_by(of, variants=HALVES, **fields)

    async def start(self) -> None:
        await self.house.start(trigger())
        await self.house.publish(*EVENTS)

    @property
    def target(self) -> ModelTarget:
        target = self.house.lane().target
        assert isinstance(target, ModelTarget)
        return target

    @property
    def is_stable_done(self) -> bool:
        canary = self.house.lane().parked_count
        return self.house.counts().delivered + self.house.counts().dead + canary == len(EVENTS)


async def test_a_variant_that_is_configured_wrongly_is_paused_alone_and_loses_nothing() -> None:
    two = Two()
    two.canary.answer = WRONG_KEY
    await two.start()
    await two.house.until(lambda: two.is_stable_done)
    asked = len(two.canary.calls)
    began = two.house.clock.monotonic()

    await two.house.until(lambda: two.house.clock.monotonic() - began > 2 * 86_400, hours=50)

    gate = two.target.gates["canary"]
    assert (gate.state, "401" in gate.stopped_why) == (TargetState.PAUSED, True)
    assert two.target.state is TargetState.READY
    assert not two.house.lane().is_paused
    assert len(two.canary.calls) == asked <= 2
    assert two.house.counts().dead == 0
    assert two.house.lane().parked_count > 50


async def test_after_a_restart_a_paused_variant_is_asked_again_and_no_attempt_is_used() -> None:
    two = Two()
    two.canary.answer = WRONG_KEY
    await two.start()
    await two.house.until(lambda: two.is_stable_done)
    asked = len(two.canary.calls)

    await two.house.crash()
    await two.house.start(trigger())
    began = two.house.clock.monotonic()
    await two.house.until(lambda: two.house.clock.monotonic() - began > 2 * 86_400, hours=50)

    rows, _ = await two.house.engine.log.due("default/t", FAR_AWAY, 200, frozenset())
    assert two.target.gates["canary"].state is TargetState.PAUSED
    assert 1 <= len(two.canary.calls) - asked <= 2, "as many as may be under way at first"
    assert (len(rows) > 50, {row.attempt for row in rows}) == (True, {1})
    assert two.house.counts().dead == 0


async def test_setting_weights_lets_a_paused_variant_try_again() -> None:
    two = Two()
    two.canary.answer = WRONG_KEY
    await two.start()
    await two.house.until(lambda: two.is_stable_done)
    two.canary.answer = predicting

    two.house.model_sinks["t"].set_weights({"stable": 50, "canary": 50})
    two.house.partition.parking.mend(two.house.lane(), 0.0)
    began = two.house.clock.monotonic()
    await two.house.settle()

    assert two.house.clock.monotonic() - began < 30.0
    assert (two.house.counts().delivered, two.house.counts().dead) == (len(EVENTS), 0)
    assert sorted([*two.stable.seen, *two.canary.seen][-200:])[-1] == 199


async def test_what_waited_for_a_variant_goes_to_the_others_once_it_has_no_weight() -> None:
    two = Two()
    two.canary.answer = WRONG_KEY
    await two.start()
    await two.house.until(lambda: two.is_stable_done)

    two.house.model_sinks["t"].set_weights({"stable": 1, "canary": 0})
    two.house.partition.parking.mend(two.house.lane(), 0.0)
    await two.house.settle()

    assert sorted(two.stable.seen) == list(range(200))


async def test_where_all_variants_are_configured_wrongly_the_trigger_is_paused() -> None:
    two = Two()
    two.canary.answer = two.stable.answer = WRONG_KEY
    await two.start()
    await two.house.until(lambda: two.house.lane().is_paused)
    two.canary.answer = two.stable.answer = predicting

    await two.house.partition.steering.resume("default/t", "tests")
    await two.house.settle()

    assert (two.house.counts().delivered, two.house.counts().dead) == (len(EVENTS), 0)


async def test_a_variant_that_is_away_for_longer_than_max_hold_costs_only_its_own_events() -> None:
    two = Two(hold=HoldSpec(max_hold_seconds=3600.0))
    two.canary.is_up = False
    await two.start()

    await two.house.settle()

    letters = await two.house.dead_letters()
    passed = two.house.clock.monotonic() - 1000.0
    assert 3600.0 <= passed < 2 * 3600.0 + 600.0
    assert two.house.counts().delivered == len(two.stable.seen)
    assert two.house.counts().dead == len(EVENTS) - len(two.stable.seen) > 50
    assert {letter.reason for letter in letters} == {Reason.NOT_READY.value}
    assert max(letter.attempt_count for letter in letters) <= 2


async def test_waiting_for_a_variant_is_no_attempt_and_leaves_one_line_of_evidence() -> None:
    two = Two()
    two.canary.is_up = False
    await two.start()
    began = two.house.clock.monotonic()
    await two.house.until(lambda: two.house.clock.monotonic() - began > 2 * 3600)
    await two.house.partition.drain()

    rows, _ = await two.house.engine.log.due("default/t", FAR_AWAY, 100, frozenset())
    two.canary.is_up = True
    await two.house.settle()

    assert rows
    assert {(row.attempt, len(row.attempts) <= 2) for row in rows} == {(1, True)}
    assert (two.house.counts().delivered, two.house.counts().dead) == (len(EVENTS), 0)
