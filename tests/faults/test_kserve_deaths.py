"""A real model sleeps, wakes, dies and comes back while events come: each is answered once."""

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

from tests.faults.asking_models import MEASURED, PREDICTED, Measuring
from tests.faults.export import export
from tests.faults.process import POLL_SECONDS, Program
from tests.faults.world import IS_LONG, resource, write_configuration
from tests.servers.kserve import KServe

LIVES = 5 if IS_LONG else 2
PAUSE_SECONDS = 0.01
UNDISTURBED_SECONDS = 2.0
DOWN_SECONDS = 1.0
SETTLE_SECONDS_MAX = 120.0
NOTICED_SECONDS_MAX = 60.0


def configure(program: Program, kserve: KServe) -> None:
    """`sleeping` is ready from its waking until its server dies; it answers what it is asked."""
    model = {
        "protocol": "v1",
        "server": "kserve",
        "url": kserve.url,
        "model": "sleeping",
        "reply": {"type": PREDICTED},
        "hold": {"initial": "PT0.1S", "max": "PT1S"},
    }
    trigger = {
        "filters": [{"exact": {"type": MEASURED}}],
        "subscriber": {"ref": {"kind": "InferenceSink", "name": "model"}},
        "delivery": {"retry": 20, "backoffDelay": "PT0.1S", "backoffMax": "PT1S"},
    }
    documents = [
        resource("Broker", "default", {}),
        resource("InferenceSink", "model", model),
        resource("Trigger", "predict", trigger),
    ]
    write_configuration(program.configuration, documents)


async def model_of(program: Program) -> Any:
    """The model as headrace sees it."""
    status, body = await program.get("/api/v1/sink?name=model")
    assert status == 200, body
    return json.loads(body)["model"]


async def until_ready(program: Program, is_ready: bool) -> None:
    """Headrace has noticed that the model is ready, or that it is not any more."""
    async with asyncio.timeout(NOTICED_SECONDS_MAX):
        while ((await model_of(program))["variants"][0]["state"] == "ready") is not is_ready:
            await asyncio.sleep(POLL_SECONDS)


async def test_a_model_that_dies_under_load_answers_each_event_once(
    tmp_path: Path, kserve: KServe
) -> None:
    program = Program(tmp_path)
    configure(program, kserve)
    await program.start()
    measuring = Measuring(program, lambda number: b"%d" % number)
    try:
        working = asyncio.create_task(measuring.work(PAUSE_SECONDS))
        for _ in range(LIVES):
            await asyncio.to_thread(kserve.wake)
            await until_ready(program, True)
            await asyncio.sleep(UNDISTURBED_SECONDS)
            await asyncio.to_thread(kserve.kill)
            await until_ready(program, False)
            await asyncio.sleep(DOWN_SECONDS)
            await asyncio.to_thread(kserve.start)
        measuring.rest()
        await working
        await asyncio.to_thread(kserve.wake)
        await program.settled(SETTLE_SECONDS_MAX)
        shown = await model_of(program)
        assert await program.terminate() == 0
    finally:
        program.close()

    stored = await export(program.store)
    answers = Counter(
        int(one.event.data or b"-1") for one in stored.events if one.event.type == PREDICTED
    )
    (variant,) = shown["variants"]
    print(f"{len(measuring.accepted)} events, {LIVES} deaths, {variant}")
    assert answers == Counter(measuring.accepted)
    assert not stored.dead_letters
    assert stored.sums["predict"] == (len(answers), len(answers), 0)
    assert len(shown["holds"]) >= LIVES
    assert variant["cold_start_seconds"] > 0
    assert program.verify()[0] == 0
