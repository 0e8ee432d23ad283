"""kept_apart: what of one variant is held waits apart, and only for itself."""

from math import inf

from broker.delivery import Delivered, Failed, Outcome, OutcomeClass
from sinks.inference.server.apart import STOPPED_SECONDS, kept_apart
from sinks.inference_spec import HoldSpec, InferenceSinkSpec, VariantSpec
from sinks.target import TargetState
from sinks.target_model import Asker, ModelTarget

TWO = (VariantSpec("a", 1), VariantSpec("b", 1))
HELD = Failed(OutcomeClass.NOT_READY, "asleep", is_held=True)
WRONG = Failed(OutcomeClass.CONFIG, "401", pause=True, is_held=True)
HOLD = HoldSpec(max_hold_seconds=60.0)


def target(variants: tuple[VariantSpec, ...] = TWO) -> ModelTarget:
    spec = InferenceSinkSpec("default/m", "v1", "http://m", model="m", hold=HOLD, variants=variants)
    return ModelTarget("InferenceSink default/m", spec, lambda: 0.5)


def apart(model: ModelTarget, outcome: Outcome, name: str = "a", now: float = 0.0) -> Outcome:
    return kept_apart(outcome, model.gates[name], model, HOLD, now)


def test_of_a_sink_with_one_model_everything_stays_as_it_is() -> None:
    model = target(())

    assert apart(model, HELD, "") is HELD
    assert apart(model, WRONG, "") is WRONG


def test_what_is_settled_or_parked_stays_as_it_is() -> None:
    model, done = target(), Delivered()

    assert apart(model, done) is done


def test_what_is_held_looks_again_when_its_variant_may_be_back() -> None:
    model = target()
    model.gates["a"].away(0.0, "503", unreachable=False, wished_seconds=20.0)

    outcome = apart(model, HELD)

    assert isinstance(outcome, Failed)
    assert (outcome.is_held, outcome.parked_seconds) == (False, 20.0)
    assert outcome.apart_max_seconds == inf


def test_beyond_max_hold_it_may_be_given_up() -> None:
    model = target()
    model.gates["a"].away(0.0, "503", unreachable=False)

    outcome = apart(model, HELD, now=61.0)

    assert isinstance(outcome, Failed)
    assert outcome.apart_max_seconds == 60.0
    assert "maxHold" in outcome.message


def test_a_wrong_configuration_stops_the_variant_and_not_the_trigger() -> None:
    model = target()

    outcome = apart(model, WRONG)

    assert isinstance(outcome, Failed)
    assert (outcome.pause, outcome.parked_seconds) == (False, STOPPED_SECONDS)
    assert model.gates["a"].state is TargetState.PAUSED
    assert (model.state, model.is_trying) == (TargetState.READY, False)


def test_the_last_variant_that_goes_on_stops_the_trigger_and_the_next_call_tries_all() -> None:
    model = target()
    apart(model, WRONG, "a")

    last = apart(model, WRONG, "b")
    stopped = model.state
    begun = model.admit_call(0.0, Asker("default/t", 1, 0))

    assert last is WRONG
    assert (stopped, begun, model.state) == (TargetState.PAUSED, 0.0, TargetState.READY)


def test_a_stopped_variant_says_nothing_of_whether_the_whole_is_away() -> None:
    model = target()
    apart(model, WRONG, "a")

    model.gates["b"].away(5.0, "503", unreachable=False)

    assert (model.state, model.away_since) == (TargetState.HOLDING, 5.0)


def test_weights_that_are_set_again_release_it() -> None:
    model = target()
    apart(model, WRONG)

    model.weigh({"a": 1, "b": 1})

    assert model.gates["a"].is_ready


def test_calls_begin_anew_only_where_no_other_variant_goes_on() -> None:
    model, alone = target(), target(())
    for each in (model, alone):
        each.begin_anew(next(iter(each.gates.values())))

    assert (model.calls.value, alone.calls.value) == (2, 1)
