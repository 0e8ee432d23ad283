"""ModelTarget: who may begin a call, over all triggers."""

from math import inf

import pytest

from broker.delivery import OutcomeClass
from sinks.inference_spec import HoldSpec, InferenceSinkSpec, LimitSpec, VariantSpec
from sinks.target import TargetState
from sinks.target_model import Asker, ModelTarget

FRESH = Asker("default/t", 100, 0)


def target(**fields: object) -> ModelTarget:
    spec = InferenceSinkSpec("default/m", "v1", "http://m", model="m", **fields)  # type: ignore[arg-type]
    return ModelTarget("InferenceSink default/m", spec, lambda: 0.5)


def test_beyond_the_limit_the_target_calls_back_when_a_call_has_ended() -> None:
    model, called = target(), []
    admitted = [model.admit_call(0.0, FRESH) for _ in range(3)]
    model.call_back("default/t", lambda: called.append("t"))

    model.end_call(False)

    assert admitted == [0.0, 0.0, inf]
    assert called == ["t"]
    assert model.admit_call(0.0, FRESH) == 0.0


def test_retries_take_a_quarter_of_the_calls_and_never_all() -> None:
    model = target(limits=LimitSpec(max_in_flight=8, initial_in_flight=8))
    retries = Asker("default/t", 0, 50)
    for _ in range(2):
        assert model.admit_call(0.0, retries) == 0.0
        model.begin_call(True)

    assert model.admit_call(0.0, retries) == inf
    assert model.admit_call(0.0, FRESH) == 0.0
    assert not model.takes_retries


def test_one_call_is_admitted_where_the_model_has_to_be_tried() -> None:
    model = target()
    model.gates[""].away(0.0, "503", unreachable=False)

    assert model.admit_call(0.1, FRESH) == pytest.approx(0.2)
    assert [model.admit_call(0.3, FRESH), model.admit_call(0.3, FRESH)] == [0.0, inf]
    assert model.state is TargetState.HOLDING


def test_it_is_woken_only_for_as_many_events_as_configured() -> None:
    model = target(hold=HoldSpec(wake_min_events=10))
    model.gates[""].away(0.0, "503", unreachable=False)
    few = [model.admit_call(1.0, Asker(name, 4, 0)) for name in ("default/a", "default/b")]

    third = model.admit_call(1.0, Asker("default/c", 4, 0))

    assert all(few)
    assert third == 0.0


def test_it_is_woken_for_few_events_once_the_oldest_has_waited_long_enough() -> None:
    model = target(hold=HoldSpec(wake_min_events=10, wake_max_wait_seconds=60.0))
    model.gates[""].away(0.0, "503", unreachable=False)
    one = Asker("default/a", 1, 0)

    assert model.admit_call(1.0, one) == 61.0
    assert model.admit_call(61.0, one) == 0.0


def test_a_call_that_timed_out_keeps_its_slot_for_a_mean_call() -> None:
    model = target(limits=LimitSpec(max_in_flight=1, initial_in_flight=1))
    model.calls.good(3.0, 1)
    model.admit_call(0.0, FRESH)
    model.linger(10.0)
    model.end_call(False)

    assert model.admit_call(10.0, FRESH) == pytest.approx(13.0)
    assert model.admit_call(13.1, FRESH) == 0.0


def test_a_rate_and_tokens_are_waited_for() -> None:
    model = target(limits=LimitSpec(calls_per_second=1.0))
    other = target(limits=LimitSpec(tokens_per_minute=60))
    other.spend(90, 1000.0)

    assert [model.admit_call(5.0, FRESH), model.admit_call(5.0, FRESH)] == [0.0, 6.0]
    assert other.admit_call(1000.0, FRESH) == pytest.approx(1030.0)


def test_a_wish_of_the_server_spares_it_and_is_shown() -> None:
    model = target()

    model.hold(30.0)

    assert model.admit_call(10.0, FRESH) == 30.0
    assert model.held_seconds(10.0) == 20.0


def test_pausing_stops_all_calls_and_resuming_calls_back() -> None:
    model, called = target(), []
    model.pause()
    assert model.admit_call(0.0, FRESH) == inf
    model.call_back("default/t", lambda: called.append("t"))

    model.resume()

    assert called == ["t"]
    assert model.state is TargetState.READY


def test_it_is_ready_as_long_as_one_variant_is() -> None:
    shares = (VariantSpec("a", 9), VariantSpec("b", 1), VariantSpec("test", 0))
    model = target(variants=shares)
    model.gates["b"].away(0.0, "503", unreachable=False)
    with_one = model.state

    model.gates["a"].away(0.0, "503", unreachable=False)

    assert (with_one, model.state) == (TargetState.READY, TargetState.HOLDING)
    assert model.away_since == 0.0


def test_a_change_of_state_is_told_once() -> None:
    model = target()
    model.gates[""].failed(0.0, ["a"], OutcomeClass.TRANSIENT)
    before = model.record(0.0, True)
    model.gates[""].away(0.0, "503", unreachable=False)

    assert (before, model.record(0.0, True), model.record(0.0, True)) == (False, True, False)
