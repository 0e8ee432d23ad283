"""While a breaker is open nothing is sent, and what is not sent is no attempt."""

import asyncio

from broker.delivery import Failed, OutcomeClass
from tests.scenarios.house import House, numbered, trigger

AWAY = Failed(OutcomeClass.TRANSIENT, "connection refused")


async def test_every_attempt_that_is_counted_was_a_call_to_the_sink(house: House) -> None:
    sink = house.answers("t", lambda _: AWAY)
    await house.start(trigger(policy={"retry": 1000, "backoff_max_seconds": 1.0}))

    await house.publish(*(numbered(number) for number in range(40)))
    await asyncio.sleep(10.0)
    await house.partition.drain()

    states = [fields["state"] for name, fields in house.signals if name == "sink.state"]
    attempts = [row.attempt - 1 for row in house.engine._state.parked.values()]
    assert "open" in states
    assert sum(attempts) == len(sink.deliveries)
    assert house.counts().dead == 0
