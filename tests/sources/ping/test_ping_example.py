"""The example, run with a shorter period: its events land in its file."""

import asyncio
import json
import time
from pathlib import Path

from tests.deploy.living import living

EXAMPLE = Path(__file__).parents[3] / "deploy" / "examples" / "ping-source.yaml"
DEADLINE_SECONDS = 30.0


async def test_the_example_fires_and_both_schedules_are_known(tmp_path: Path) -> None:
    file = tmp_path / "ticks.ndjson"
    text = EXAMPLE.read_text().replace("@every 30s", "@every 1s")

    async with living(tmp_path, text):
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not (file.exists() and file.read_text().count("\n") >= 2):
            assert time.monotonic() < deadline, "too little was written"
            await asyncio.sleep(0.05)

    told = [json.loads(line) for line in file.read_text().splitlines()]
    assert {(one["source"], one["data"]["alive"]) for one in told} == {
        ("/apis/v1/namespaces/default/pingsources/heartbeat", True)
    }
    assert len({one["id"] for one in told}) == len(told)
    assert all(one["id"] == one["time"] for one in told)
