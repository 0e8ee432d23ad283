"""The example, run: what is produced lands in its file, and what cannot be read in the other."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

from tests.deploy.living import living
from tests.servers.kafka import Kafka
from tests.sources.kafka.reading import Reading

EXAMPLE = Path(__file__).parents[3] / "deploy" / "examples" / "kafka-source.yaml"
DEADLINE_SECONDS = 20.0


async def line_of(file: Path) -> dict[str, Any]:
    """Its first, once there is one."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (file.exists() and "\n" in file.read_text()):
        assert time.monotonic() < deadline, "nothing was written"
        await asyncio.sleep(0.02)
    found: dict[str, Any] = json.loads(file.read_text().splitlines()[0])
    return found


async def test_the_example_stores_what_is_produced_and_tells_what_it_cannot(
    reading: Reading, kafka: Kafka, tmp_path: Path
) -> None:
    (tmp_path / "user").write_text(kafka.user)
    (tmp_path / "password").write_text(kafka.password)
    text = (
        EXAMPLE.read_text()
        .replace("localhost:9092", kafka.sasl_bootstrap)
        .replace("topics: [orders]", f"topics: [{reading.topic}]")
        .replace("${env:KAFKA_USER}", "${file:user}")
        .replace("${env:KAFKA_PASSWORD}", "${file:password}")
    )
    await reading.create()
    await reading.produce([b'{"number": 7}'], key=b"customer 7")
    await reading.produce([b"broken"], headers=[("ce_id", b"1")])

    async with living(tmp_path, text) as headrace:
        order = await line_of(tmp_path / "orders.ndjson")
        refused = await line_of(tmp_path / "refused.ndjson")

    assert (order["type"], order["data"]) == ("dev.knative.kafka.event", {"number": 7})
    assert (order["partitionkey"], order["team"]) == ("customer 7", "shop")
    assert refused["data"]["refused"] == f"{reading.topic} partition:0/offset:1"
    assert kafka.password not in headrace.log.getvalue()
