"""Records of a real Kafka become events, a real model answers, and each answer is a line."""

import asyncio
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaProducer

from tests.faults.process import Program
from tests.faults.world import resource, write_configuration
from tests.servers.flowers import CLASSES, FLOWERS
from tests.servers.kafka import Kafka
from tests.servers.mlserver import MLServer

RECORDS = 300
PATIENCE_SECONDS = 90.0
NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
CLASSIFIED = "classified"


def configure(program: Program, kafka: Kafka, topic: str, mlserver: MLServer) -> None:
    source = {"bootstrapServers": [kafka.bootstrap], "topics": [topic],
              "consumerGroup": topic, "initialOffset": "earliest"}  # fmt: skip
    model = {
        "protocol": "v2",
        "url": mlserver.url,
        "model": mlserver.model,
        "input": {"columns": {"names": NAMES, "tensor": "measures", "datatype": "FP32"}},
        "output": {"take": "predictions", "mergeUnder": "prediction"},
        "reply": {"type": CLASSIFIED},
    }
    classify = {
        "filters": [{"not": {"exact": {"type": CLASSIFIED}}}],
        "subscriber": {"ref": {"kind": "InferenceSink", "name": "iris"}},
    }
    keep = {
        "filters": [{"exact": {"type": CLASSIFIED}}],
        "subscriber": {"ref": {"kind": "FileSink", "name": "kept"}},
    }
    documents = [
        resource("Broker", "default", {}),
        resource("KafkaSource", "flowers", source),
        resource("InferenceSink", "iris", model),
        resource("FileSink", "kept", {"path": str(program.folder / "kept.ndjson")}),
        resource("Trigger", "classify", classify),
        resource("Trigger", "keep", keep),
    ]
    write_configuration(program.configuration, documents)


async def produce(kafka: Kafka, topic: str) -> None:
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as producer:
        for number in range(RECORDS):
            measures = dict(zip(NAMES, FLOWERS[number % len(FLOWERS)], strict=True))
            record = json.dumps({**measures, "number": number}).encode()
            await producer.send(topic, record, headers=[("content-type", b"application/json")])
        await producer.flush()


async def test_each_record_becomes_a_line_with_its_prediction(
    tmp_path: Path, kafka: Kafka, mlserver: MLServer
) -> None:
    topic = f"flowers-{uuid4().hex[:8]}"
    await kafka.create_topic(topic, 3)
    program = Program(tmp_path)
    configure(program, kafka, topic, mlserver)
    try:
        await program.start()
        await produce(kafka, topic)
        lines = await lines_of(tmp_path / "kept.ndjson")
        assert await program.terminate() == 0
    finally:
        program.close()

    found = {line["data"]["number"]: line["data"]["prediction"] for line in lines}
    assert len(lines) == RECORDS
    # MLServer gives a row for each: the shape of its output is [records, 1].
    assert found == {number: [CLASSES[number % len(CLASSES)]] for number in range(RECORDS)}
    assert all(line["causesource"] for line in lines)
    assert program.verify()[0] == 0


async def lines_of(file: Path) -> list[dict[str, Any]]:
    """What was written once there is a line for each record."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            text = file.read_text("utf-8") if file.exists() else ""
            if text.count("\n") >= RECORDS:
                return [json.loads(line) for line in text.splitlines()]
            await asyncio.sleep(0.1)
