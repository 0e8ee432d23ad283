"""A sink stays open as long as something calls it, or may still wait for its answer."""

from broker.delivery import Delivered, Failed, OutcomeClass, Reason
from tests.scenarios.house import House, numbered, trigger
from triggers.replay.job import ReplayRequest

T = "default/t"
REFUSED = Failed(OutcomeClass.BAD_INPUT, "HTTP 422", status=422, reason=Reason.REFUSED)


async def test_a_call_of_a_replay_keeps_the_sink_that_a_reload_has_replaced(house: House) -> None:
    await house.start(trigger())
    await house.publish(numbered(1))
    await house.settle()
    house.answers("t", lambda _: Delivered()).delay_seconds = 20.0
    replays = house.partition.replays
    assert replays is not None
    await replays.create(ReplayRequest(T, 1, 1, rate_per_second=100.0, id="again"), "tests")
    (job,) = replays.jobs.open_lanes()
    await house.until(lambda: job.in_flight == 1, hours=0.1)

    await house.apply(trigger(to="other"))
    during = house.partition.sinks()
    await house.until(lambda: not job.in_flight, hours=0.1)

    assert during == {house.sinks["t"], house.sinks["other"]}
    assert house.partition.sinks() == {house.sinks["other"]}


async def test_copies_of_dead_letters_keep_their_sink_though_the_trigger_is_removed(
    house: House,
) -> None:
    house.answers("t", lambda _: REFUSED)
    house.answers("copies", lambda _: Delivered()).delay_seconds = 20.0
    await house.start(trigger(), dead_letter="copies")
    await house.publish(numbered(1))
    companion = house.partition.lanes[f"{T}#dead-letter"]
    await house.until(lambda: companion.in_flight == 1, hours=0.1)

    await house.apply(dead_letter="copies")
    during = house.partition.sinks()
    await house.until(lambda: not house.partition.lanes, hours=0.1)

    assert house.sinks["copies"] in during
    assert house.partition.sinks() == set()
