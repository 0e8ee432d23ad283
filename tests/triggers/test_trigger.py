"""What a trigger's spec says of its calls."""

from sinks.inference_spec import LimitSpec
from sinks.spec import HttpSinkSpec, InferenceSinkSpec, SinkSpec
from triggers.trigger import TriggerSpec


def trigger(sink: SinkSpec, max_in_flight: int) -> TriggerSpec:
    return TriggerSpec("default/t", "default/default", sink, {}, max_in_flight=max_in_flight)


def test_a_subscriber_gets_as_many_calls_as_the_trigger_allows() -> None:
    assert trigger(HttpSinkSpec("http://x/"), 32).calls_max == 32


def test_a_model_gets_no_more_calls_than_it_computes() -> None:
    limits = LimitSpec(max_in_flight=2)
    model = InferenceSinkSpec("default/iris", "onnx", "file:iris.onnx", limits=limits)

    assert trigger(model, 32).calls_max == 2
    assert trigger(model, 1).calls_max == 1
