"""Bar 5: ten triggers, of which one sink is silent and one trickles; the others notice nothing."""

from pathlib import Path

import pytest

from tests.faults.process import until
from tests.faults.publisher import ORDER
from tests.faults.subscribers import OK, SILENCE, Subscriber
from tests.faults.world import World, make_world, resource, write_configuration

pytestmark = pytest.mark.alone

GOOD = tuple(f"good-{number}" for number in range(8))
SILENT, TRICKLING = "silent", "trickling"
SOME = 1000
PROMPT_SECONDS = 3.0
TIMEOUT_SECONDS = 2.0
SLOTS = 32  # maxInFlight: all that a bad sink can hold


async def test_a_silent_and_a_trickling_sink_cost_the_others_nothing(tmp_path: Path) -> None:
    async with make_world(tmp_path) as world:
        await add_sinks(world)
        await world.start()
        await world.publish_some(SOME)

        orders = world.ledger.accepted_of(ORDER)
        waited = await until(
            lambda: all(orders <= world.ledger.finals(name).keys() for name in GOOD),
            "the good sinks get everything",
        )
        listing = await world.program.triggers()
        held = [listing[name]["in_flight"] for name in (SILENT, TRICKLING)]
        assert await world.program.terminate() == 0

    assert waited < PROMPT_SECONDS
    assert max(held) <= SLOTS
    assert world.ledger.receipts[SILENT]
    assert world.ledger.receipts[TRICKLING]
    assert not [name for name in GOOD if world.ledger.repeats(name)]


def say_nothing(_: str) -> bytes:
    return SILENCE


def say_ok(_: str) -> bytes:
    return OK


async def add_sinks(world: World) -> None:
    """Eight good sinks, a silent and a trickling one, a trigger each."""
    documents = [resource("Broker", "default", {})]
    for name in (*GOOD, SILENT, TRICKLING):
        answer = say_nothing if name == SILENT else say_ok
        sink = world.sinks[name] = Subscriber(name, world.ledger, answer)
        sink.trickles = name == TRICKLING
        await sink.listen()
        spec = {
            "filters": [{"exact": {"type": ORDER}}],
            "subscriber": {"uri": sink.uri},
            "delivery": {"timeout": f"PT{TIMEOUT_SECONDS:g}S"},
        }
        documents.append(resource("Trigger", name, spec))
    write_configuration(world.program.configuration, documents)
