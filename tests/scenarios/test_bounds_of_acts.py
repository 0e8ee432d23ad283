"""What an operator may ask of one trigger has its bounds, and each is told with its remedy."""

import pytest

from broker.delivery import Failed, OutcomeClass
from broker.errors import Invalid, Overloaded
from tests.scenarios.house import House, numbered, trigger
from triggers.replay.job import ReplayRequest
from triggers.replay.keeping import OPEN_JOBS_MAX
from triggers.steering.seeking import PARKED_MAX

BUSY = Failed(OutcomeClass.TRANSIENT, "HTTP 503", status=503)
T = "default/t"


def asked(id: str) -> ReplayRequest:
    return ReplayRequest(T, 1, None, rate_per_second=1.0, id=id)


async def test_one_replay_more_than_the_bound_is_refused(house: House) -> None:
    await house.start(trigger())
    await house.publish(*(numbered(number) for number in range(1, 101)))
    await house.settle()
    assert house.partition.replays is not None
    for number in range(OPEN_JOBS_MAX):
        await house.partition.replays.create(asked(f"job-{number}"), "somebody")

    with pytest.raises(Overloaded) as refused:
        await house.partition.replays.create(asked("one-more"), "somebody")

    assert refused.value.code == "too-many-replays"
    assert refused.value.remedy


async def test_a_seek_back_over_more_parked_deliveries_than_the_bound_is_refused(
    house: House,
) -> None:
    house.answers("t", lambda _: BUSY)
    await house.start(trigger(policy={"backoff_delay_seconds": 300.0}))
    for first in range(1, PARKED_MAX + 2, 500):
        last = min(first + 499, PARKED_MAX + 1)
        await house.publish(*(numbered(number) for number in range(first, last + 1)))
    await house.until(lambda: house.lane().parked_count == PARKED_MAX + 1)

    with pytest.raises(Invalid) as refused:
        await house.partition.steering.seek(T, 1, "somebody")

    assert refused.value.code == "too-many-parked"
    assert refused.value.remedy
