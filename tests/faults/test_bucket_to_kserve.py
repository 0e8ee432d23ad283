"""A CSV put into a real MinIO is predicted by a real KServe, into the bucket, whatever dies.

headrace is killed in the middle of it, and then KServe; another file is put while headrace is
dead, and one while KServe is. What comes out is compared row by row with what was put in, and
with what KServe says of each flower when it is asked without headrace.
"""

import asyncio
import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import cycle, islice
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.faults.process import POLL_SECONDS, ROOT, Program, Surroundings, until
from tests.faults.world import IS_LONG, resource, write_configuration
from tests.servers.kserve import KServe
from tests.servers.minio import MinioServer

CSV = ROOT / "deploy" / "examples" / "iris.csv"
NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
ROWS = 200_000 if IS_LONG else 20_000
LATE_ROWS = LAST_ROWS = 2_000
SPOILED = frozenset({17, 5_000, 15_999})  # rows, counted from 1, with a word for a number
CHUNK_ROWS = 1_024
CALLS_PER_SECOND = 60
PATIENCE_SECONDS = 180.0 if IS_LONG else 90.0
EARLY, LATE, LAST = "in/early.csv", "in/late.csv", "in/the last.csv"


@dataclass(frozen=True, slots=True)
class Row:
    """One line as it was put, and its class; None where no model can take it."""

    cells: Sequence[str]
    class_: int | None


class Bucket:
    """A new bucket of the server."""

    def __init__(self, minio: MinioServer) -> None:
        self.name = f"flowers-{uuid4().hex[:8]}"
        self._minio = minio
        minio.make_bucket(self.name)

    def put(self, key: str, rows: Sequence[Row]) -> None:
        lines = [",".join(("id", *NAMES)), *(",".join(row.cells) for row in rows)]
        self._minio.put(self.name, key, ("\n".join(lines) + "\n").encode())

    def read(self, key: str) -> bytes:
        with self._minio.client.get_object(self.name, key) as answer:
            return answer.data

    def has(self, key: str) -> bool:
        return key in self._minio.keys(self.name)

    def parts(self, key: str) -> int:
        """How many chunks of the job under way are durable."""
        folder, _, name = key.rpartition("/")
        keys = self._minio.keys(self.name, f"{folder}/.{name}.parts/")
        return sum(key.endswith(".rows") for key in keys)


def manifest_of(key: str) -> str:
    return f"{key}.predictions.manifest.json"


def ledger(kserve: KServe, rows: int, spoiled: frozenset[int] = frozenset()) -> list[Row]:
    """So many rows of the 150 flowers, with what KServe says of each of them."""
    flowers = [line.split(",")[:4] for line in CSV.read_text().splitlines()[1:]]
    instances = [[float(cell) for cell in flower] for flower in flowers]
    classes = kserve.ask("/v1/models/iris:predict", {"instances": instances}).data["predictions"]
    found = []
    known = cycle(zip(flowers, classes, strict=True))
    for number, (cells, class_) in enumerate(islice(known, rows), start=1):
        is_spoiled = number in spoiled
        measures = ["tall", *cells[1:]] if is_spoiled else cells
        found.append(Row((f"{number}", *measures), None if is_spoiled else class_))
    return found


def configure(program: Program, minio: MinioServer, bucket: str, kserve: KServe) -> None:
    keys = {"accessKeyId": minio.access_key, "secretAccessKey": "${env:TESTED_SECRET}"}
    server = {"endpoint": minio.url, "credentials": keys}
    source = {"bucket": bucket, **server, "prefix": "in/", "suffix": ".csv",
              "reconcileInterval": "PT5S"}  # fmt: skip
    files = {
        "sink": "iris",
        "s3": server,
        "match": {"prefix": "in/"},
        "call": {"batchSize": 256, "rate": f"{CALLS_PER_SECOND}/s"},
    }
    model = {
        "protocol": "v1",
        "server": "kserve",
        "url": kserve.url,
        "model": kserve.model,
        "input": {"columns": {"names": NAMES}},
        "hold": {"initial": "PT0.1S", "max": "PT1S"},
    }
    predict = {
        "filters": [{"prefix": {"type": "com.amazonaws.s3."}}],
        "subscriber": {"ref": {"kind": "FileBatch", "name": "flowers"}},
    }
    tell = {
        "filters": [{"prefix": {"type": "dev.headrace.file."}}],
        "subscriber": {"ref": {"kind": "FileSink", "name": "told"}},
    }
    documents = [
        resource("Broker", "default", {}),
        resource("S3Source", "flowers", source),
        resource("FileBatch", "flowers", files),
        resource("InferenceSink", "iris", model),
        resource("FileSink", "told", {"path": str(program.folder / "told.ndjson")}),
        resource("Trigger", "predict", predict),
        resource("Trigger", "tell", tell),
    ]
    write_configuration(program.configuration, documents)


async def test_every_row_is_predicted_once_though_headrace_and_kserve_die(
    tmp_path: Path, minio: MinioServer, kserve: KServe
) -> None:
    bucket, program = Bucket(minio), Program(tmp_path)
    configure(program, minio, bucket.name, kserve)
    given = {
        EARLY: ledger(kserve, ROWS, SPOILED),
        LATE: ledger(kserve, LATE_ROWS),
        LAST: ledger(kserve, LAST_ROWS),
    }
    around = Surroundings({"TESTED_SECRET": minio.secret_key})
    try:
        await program.start(around)
        bucket.put(EARLY, given[EARLY])
        await kill_headrace(program, around, bucket, given[LATE])
        await kill_kserve(program, kserve, bucket, given[LAST])
        for key in given:
            await until(lambda key=key: bucket.has(manifest_of(key)), key, PATIENCE_SECONDS)  # type: ignore[misc]
        await program.settled(PATIENCE_SECONDS)  # the inputs' deliveries, and not only their jobs
        assert not any(lane["dead"] for lane in (await program.triggers()).values())
        assert await program.terminate() == 0
    finally:
        program.close()

    for key, rows in given.items():
        check_predictions(bucket, key, rows)
        check_errors(bucket, key, rows)
        check_manifest(bucket, key, rows)
    ends = {
        one["id"]: one["subject"] for one in told(program) if one["type"].endswith(".completed")
    }
    assert sorted(ends.values()) == [EARLY, LATE, LAST]
    assert not bucket.parts(EARLY)
    assert program.verify()[0] == 0


async def kill_headrace(
    program: Program, around: Surroundings, bucket: Bucket, late: Sequence[Row]
) -> None:
    """kill -9 when a third is done; a file is put that nobody tells the dead of."""
    await mostly_done(bucket, 1 / 3)
    await program.kill()
    bucket.put(LATE, late)
    await program.start(around)


async def kill_kserve(
    program: Program, kserve: KServe, bucket: Bucket, last: Sequence[Row]
) -> None:
    """When two thirds are done; it comes back when headrace has noticed."""
    await mostly_done(bucket, 2 / 3)
    await asyncio.to_thread(kserve.kill)
    bucket.put(LAST, last)  # who was held up until all else was done has something left to notice
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await variant_of(program))["state"] == "ready":
            await asyncio.sleep(POLL_SECONDS)
    assert not bucket.has(manifest_of(LAST))
    await asyncio.to_thread(kserve.start)


async def variant_of(program: Program) -> Any:
    """The model as headrace sees it."""
    status, body = await program.get("/api/v1/sink?name=iris")
    assert status == 200, body
    (variant,) = json.loads(body)["model"]["variants"]
    return variant


async def mostly_done(bucket: Bucket, share: float) -> None:
    """Or done: where we are held up, all of it is over before we look."""
    chunks = round(share * ROWS / CHUNK_ROWS)
    await until(
        lambda: bucket.parts(EARLY) >= chunks or bucket.has(manifest_of(EARLY)),
        f"{chunks} chunks",
        PATIENCE_SECONDS,
    )


def told(program: Program) -> list[Mapping[str, Any]]:
    lines = (program.folder / "told.ndjson").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def check_predictions(bucket: Bucket, key: str, rows: Sequence[Row]) -> None:
    """Each row once, where it stood, with its class."""
    output = bucket.read(f"{key}.predictions.csv").decode().splitlines()
    header, *made = csv.reader(output)
    assert header == ["id", *NAMES, "prediction"]
    for row, found in zip(rows, made, strict=True):
        wanted = "" if row.class_ is None else str(row.class_)
        assert found == [*row.cells, wanted]


def check_errors(bucket: Bucket, key: str, rows: Sequence[Row]) -> None:
    wanted = [number for number, row in enumerate(rows, start=1) if row.class_ is None]
    name = f"{key}.errors.jsonl"
    lines = bucket.read(name).splitlines() if bucket.has(name) else []
    found = [json.loads(line) for line in lines]
    assert [one["row"] for one in found] == wanted
    assert all(one["class"] in ("BAD_INPUT", "SUSPECT") for one in found), found


def check_manifest(bucket: Bucket, key: str, rows: Sequence[Row]) -> None:
    manifest = json.loads(bucket.read(manifest_of(key)))
    failed = sum(row.class_ is None for row in rows)
    counts = [manifest[name] for name in ("rows", "ok", "failed", "skipped")]
    assert counts == [len(rows), len(rows) - failed, failed, 0]
    assert manifest["input"]["place"] == f"s3://{bucket.name}/{key}"
    assert manifest["model"] == "iris"
    assert len(manifest["outputs"]) == 1 + bool(failed)
    for output in manifest["outputs"]:
        data = bucket.read(output["place"].removeprefix(f"s3://{bucket.name}/"))
        assert (output["bytes"], output["sha256"]) == (len(data), sha256(data).hexdigest())
