"""A sink that fails is called by fewer at once, and by as many as before once it succeeds."""

from collections.abc import Sequence

from broker.delivery import Delivery, Failed, Outcome, OutcomeClass
from tests.scenarios.house import House, ScriptedSink, numbered, trigger
from triggers.breadth import CALLS_MIN

BUSY = Failed(OutcomeClass.TRANSIENT, "HTTP 503", status=503)  # an answer: no breaker opens
CALLS_MAX = 32


class CountedSink(ScriptedSink):
    """Knows how many calls were under way when each began."""

    def __init__(self) -> None:
        super().__init__()
        self.delay_seconds = 1.0
        self.at_once: list[int] = []
        self._calls = 0

    async def deliver(self, deliveries: Sequence[Delivery], deadline: float) -> Sequence[Outcome]:
        self._calls += 1
        self.at_once.append(self._calls)
        try:
            return await super().deliver(deliveries, deadline)
        finally:
            self._calls -= 1


async def fail_first(house: House, failures: int, events: int) -> CountedSink:
    """`events` to a sink that refuses its first `failures` calls, for a while; all arrive."""
    sink = house.sinks["t"] = CountedSink()
    house.answers("t", [BUSY] * failures)
    policy = {"retry": 1000, "backoff_max_seconds": 1.0}
    await house.start(trigger(max_in_flight=CALLS_MAX, policy=policy))
    await house.publish(*(numbered(number) for number in range(events)))
    await house.settle()
    return sink


async def test_after_a_while_it_has_the_least_calls_at_once(house: House) -> None:
    sink = await fail_first(house, failures=400, events=300)

    assert max(sink.at_once[:CALLS_MAX]) == CALLS_MAX
    assert max(sink.at_once[100:400]) == CALLS_MIN


async def test_once_it_succeeds_it_has_all_of_them_again(house: House) -> None:
    sink = await fail_first(house, failures=200, events=600)

    assert max(sink.at_once[100:200]) == CALLS_MIN
    assert max(sink.at_once[200:]) == CALLS_MAX
    assert {delivery.event.id for delivery in sink.deliveries} == set(map(str, range(600)))
