"""A backlog for a real model that refuses under load, and what has to be true in the end.

The trigger has no retries: an attempt that an overload used would be a dead letter.
"""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.faults.asking_models import MEASURED, PREDICTED, Measuring
from tests.faults.export import Export, export
from tests.faults.process import Program
from tests.faults.world import IS_LONG, resource, write_configuration

EVENTS = 20_000 if IS_LONG else 2_000
SETTLE_SECONDS_MAX = 600.0 if IS_LONG else 120.0


def configure(program: Program, model: dict[str, Any]) -> None:
    trigger = {
        "filters": [{"exact": {"type": MEASURED}}],
        "subscriber": {"ref": {"kind": "InferenceSink", "name": "model"}},
        "delivery": {"retry": 0},
    }
    documents = [
        resource("Broker", "default", {}),
        resource("InferenceSink", "model", {**model, "reply": {"type": PREDICTED}}),
        resource("Trigger", "predict", trigger),
    ]
    write_configuration(program.configuration, documents)


async def carry_backlog(
    folder: Path, model: dict[str, Any], data_of: Callable[[int], bytes]
) -> dict[str, int]:
    """How many events the model refused by class, once all is settled and found to be true."""
    program = Program(folder)
    configure(program, model)
    await program.start()
    measuring = Measuring(program, data_of)
    try:
        await measuring.work(0.0, EVENTS)
        await program.settled(SETTLE_SECONDS_MAX)
        shown = json.loads((await program.get("/api/v1/sink?name=model"))[1])["model"]
        assert await program.terminate() == 0
    finally:
        program.close()
    stored = await export(program.store)
    check(stored, measuring.accepted)
    assert program.verify()[0] == 0
    print(f"{EVENTS} events: {shown['variants']}, {shown['errors']}")
    return {one["class"]: one["count"] for one in shown["errors"]}


def check(stored: Export, accepted: list[int]) -> None:
    """Each event has one reply, none is dead, and the ledger says so too."""
    causes = Counter(
        one.event.attributes["causeid"] for one in stored.events if one.event.type == PREDICTED
    )
    assert causes == Counter(map(str, accepted))
    assert not stored.dead_letters
    assert stored.sums["predict"] == (EVENTS, EVENTS, 0)
