"""An operator's act and its row in the audit are one checkpoint: never one without the other."""

from collections.abc import Awaitable, Callable

import pytest

from broker.delivery import Delivered, Failed, OutcomeClass, Reason
from broker.storage.rows import Checkpoint, DeadState, Move
from tests.scenarios.house import House, numbered, trigger
from tests.triggers.workshop import CountingLog
from triggers.redrive import LetterDesk
from triggers.replay.job import ReplayRequest
from triggers.replay.verbs import Replays

REFUSED = Failed(OutcomeClass.BAD_INPUT, "HTTP 422", status=422, reason=Reason.REFUSED)
T = "default/t"


def desk_of(house: House) -> LetterDesk:
    assert house.partition.desk is not None
    return house.partition.desk


def replays_of(house: House) -> Replays:
    assert house.partition.replays is not None
    return house.partition.replays


async def ids_of(house: House) -> list[str]:
    return [letter.id for letter in await house.dead_letters()]


async def reload(house: House) -> object:
    return await house.apply(trigger(filters=[{"exact": {"type": "t"}}]))


async def pause(house: House) -> object:
    return await house.partition.steering.pause(T, "ann")


async def resume(house: House) -> object:
    return await house.partition.steering.resume(T, "ann")


async def seek(house: House) -> object:
    return await house.partition.steering.seek(T, 1, "ann")


async def leave(house: House) -> object:
    """Out of the configuration, with something left: then it can be ended."""
    await pause(house)
    await house.publish(numbered(9))
    return await house.apply(trigger("other"))


async def remove(house: House) -> object:
    return await house.partition.steering.end(T, "discard", "ann")


async def redrive(house: House) -> object:
    return await desk_of(house).redrive(await ids_of(house), "ann")


async def discard(house: House) -> object:
    return await desk_of(house).discard(await ids_of(house), "ann", "no use")


async def restore(house: House) -> object:
    return await desk_of(house).restore(await ids_of(house), "ann")


async def replay(house: House) -> object:
    return await replays_of(house).create(ReplayRequest(T, 1, rate_per_second=1, id="j"), "ann")


async def halt(house: House) -> object:
    return await replays_of(house).pause("j", "ann")


async def go_on(house: House) -> object:
    return await replays_of(house).resume("j", "ann")


async def cancel(house: House) -> object:
    return await replays_of(house).cancel("j", "ann")


Act = Callable[[House], Awaitable[object]]
Effect = Callable[[Checkpoint], object]

# Verb, what has to be done before it, the act itself, and its effect in a checkpoint.
ACTS: list[tuple[str, list[Act], Act, Effect]] = [
    ("reload", [], reload, lambda one: one.revisions),
    ("pause", [], pause, lambda one: one.states),
    ("resume", [pause], resume, lambda one: one.states),
    ("seek", [], seek, lambda one: one.revisions),
    ("remove", [leave], remove, lambda one: [c for c in one.counts if c.discarded]),
    ("redrive", [], redrive, lambda one: moves_to(one, DeadState.REDRIVING)),
    ("discard", [], discard, lambda one: moves_to(one, DeadState.DISCARDED)),
    ("restore", [discard], restore, lambda one: moves_to(one, DeadState.DEAD)),
    ("replay.create", [], replay, lambda one: one.records),
    ("replay.pause", [replay], halt, lambda one: b'"paused"' in values(one)),
    ("replay.resume", [replay, halt], go_on, lambda one: b'"running"' in values(one)),
    ("replay.cancel", [replay], cancel, lambda one: b'"cancelling"' in values(one)),
]


def moves_to(checkpoint: Checkpoint, state: DeadState) -> list[Move]:
    return [move for move in checkpoint.moves if move.to_state is state]


def values(checkpoint: Checkpoint) -> bytes:
    return b"".join(record.value or b"" for record in checkpoint.records)


async def with_two_dead(house: House) -> CountingLog:
    """Two dead letters on the desk; what is written from now on is in `given`."""
    log = house.engine.log = CountingLog(house.engine.log)
    house.answers("t", lambda _: REFUSED)
    await house.start(trigger())
    await house.publish(numbered(1), numbered(2))
    await house.settle()
    house.answers("t", lambda _: Delivered()).delay_seconds = 5.0
    return log


@pytest.mark.parametrize(("verb", "before", "act", "effect"), ACTS, ids=[one[0] for one in ACTS])
async def test_an_act_is_in_the_audit_of_the_checkpoint_that_does_it(
    house: House, verb: str, before: list[Act], act: Act, effect: Effect
) -> None:
    log = await with_two_dead(house)
    for step in before:
        await step(house)
    log.given.clear()

    await act(house)

    written = [one for one in log.given if effect(one) or one.audit]
    assert written, "it is on disk when the act gives back"
    assert [audit.verb for audit in written[0].audit] == [verb]
    assert effect(written[0])
    assert not any(one.audit for one in written[1:])


async def test_a_redriven_letter_moves_in_the_checkpoint_that_parks_its_row(house: House) -> None:
    log = await with_two_dead(house)
    log.given.clear()

    await redrive(house)

    moved = [move for one in log.given for move in moves_to(one, DeadState.REDRIVING)]
    assert [move.parked is not None for move in moved] == [True, True]
    assert not any(one.parked for one in log.given), "no row comes without its move"
