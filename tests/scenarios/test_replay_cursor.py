"""A replay that is under way has a cursor of its own: its trigger stands where it stood."""

from tests.scenarios.house import House, numbered, trigger
from triggers.replay.job import ENDED, ReplayRequest

T = "default/t"
JOB = "replay/again"


def carried(house: House, step: str) -> list[str]:
    return [one.event.id for one in house.sinks["t"].deliveries if one.step == step]


async def test_after_a_crash_during_a_replay_its_trigger_repeats_nothing(house: House) -> None:
    await house.start(trigger())
    await house.publish(*(numbered(number) for number in range(1, 21)))
    await house.settle()
    assert house.partition.replays is not None
    asked = ReplayRequest(T, 1, rate_per_second=1.0, id="again")
    await house.partition.replays.create(asked, "ann")
    await house.until(lambda: len(carried(house, JOB)) == 5)
    await house.partition.drain()

    await house.crash()
    await house.start(trigger())
    replays = house.partition.replays
    assert replays is not None
    await house.until(lambda: (job := replays.find("again")) is not None and job.job.state in ENDED)

    numbers = [str(number) for number in range(1, 21)]
    assert carried(house, "deliver") == numbers
    assert sorted(set(carried(house, JOB)), key=int) == numbers
