import pytest

from broker.delivery import Delivered, Failed, OutcomeClass
from broker.errors import Unavailable
from sinks.recorder import RecorderSink
from tests.sinks.making import a_delivery


async def test_it_keeps_what_it_gets_and_answers_by_script() -> None:
    refused = Failed(OutcomeClass.BAD_INPUT, "no")
    sink = RecorderSink([refused], batch_limit=2)

    outcomes = await sink.deliver([a_delivery(number=1), a_delivery(number=2)], 0.0)

    assert outcomes[0] is refused
    assert isinstance(outcomes[1], Delivered)
    assert [delivery.offset for delivery in sink.deliveries] == [1, 2]


async def test_what_it_keeps_is_bounded() -> None:
    sink = RecorderSink(deliveries_max=2)

    for number in (1, 2, 3):
        await sink.deliver([a_delivery(number=number)], 0.0)

    assert [delivery.offset for delivery in sink.deliveries] == [2, 3]


async def test_it_can_be_told_not_to_be_ready() -> None:
    sink = RecorderSink()
    sink.is_ready = False

    with pytest.raises(Unavailable):
        await sink.probe()
