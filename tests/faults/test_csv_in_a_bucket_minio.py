"""The example csv-in-a-bucket.yaml does what it says, against a real MinIO."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.faults.examples import EXAMPLES, jobs_of, running, told
from tests.faults.process import Program, until
from tests.servers.minio import MinioServer

MANIFEST = "in/iris.csv.predictions.manifest.json"
SPOILED = "wide,1,2,3,unknown"


@pytest.fixture
def bucket(minio: MinioServer) -> str:
    name = f"flowers-{uuid4().hex[:8]}"
    minio.make_bucket(name)
    return name


@pytest.fixture
async def program(tmp_path: Path, minio: MinioServer, bucket: str) -> AsyncIterator[Program]:
    changes = {"http://127.0.0.1:9000": minio.url, "bucket: flowers": f"bucket: {bucket}"}
    keys = {"S3_ACCESS_KEY_ID": minio.access_key, "S3_SECRET_ACCESS_KEY": minio.secret_key}
    async with running(tmp_path, "csv-in-a-bucket.yaml", "iris.onnx", changes, keys) as program:
        yield program


def read(minio: MinioServer, bucket: str, key: str) -> str:
    with minio.client.get_object(bucket, key) as answer:
        return answer.data.decode()


async def there(minio: MinioServer, bucket: str, key: str) -> None:
    await until(lambda: key in minio.keys(bucket), key)


async def test_a_csv_that_is_put_into_the_bucket_is_predicted(
    program: Program, minio: MinioServer, bucket: str
) -> None:
    given = (EXAMPLES / "iris.csv").read_text().splitlines()
    minio.put(bucket, "in/iris.csv", ("\n".join([*given, SPOILED]) + "\n").encode())

    await there(minio, bucket, MANIFEST)
    header, *made = read(minio, bucket, "in/iris.csv.predictions.csv").splitlines()
    (error,) = read(minio, bucket, "in/iris.csv.errors.jsonl").splitlines()
    manifest = json.loads(read(minio, bucket, MANIFEST))

    assert header == "sepal_length,sepal_width,petal_length,petal_width,species,species_"
    assert [line.rpartition(",")[0] for line in made] == [*given[1:], SPOILED]
    right = [line.rsplit(",", 2)[1:] for line in made[:-1]]
    assert sum(known == found for known, found in right) > 140
    assert json.loads(error)["row"] == 151
    assert (manifest["rows"], manifest["ok"], manifest["failed"]) == (151, 150, 1)
    assert manifest["input"]["place"] == f"s3://{bucket}/in/iris.csv"


async def test_what_a_job_writes_into_the_bucket_starts_nothing(
    program: Program, minio: MinioServer, bucket: str
) -> None:
    minio.put(bucket, "in/iris.csv", (EXAMPLES / "iris.csv").read_bytes())
    await there(minio, bucket, MANIFEST)
    minio.put(bucket, "elsewhere/other.csv", b"x\n1\n")
    minio.put(bucket, "in/later/second.csv", b"sepal_length\n1\n")
    await until(lambda: len(told(program)) == 4, "the events of both jobs")
    await settled(program)

    jobs = await jobs_of(program)
    matched = (await program.triggers())["predict-files"]["matched"]
    inputs = [f"s3://{bucket}/in/{name}" for name in ("iris.csv", "later/second.csv")]
    assert sorted(job["input"] for job in jobs) == inputs
    assert matched == 4, "both files, and both predictions"
    assert not [key for key in minio.keys(bucket) if ".parts" in key]
    assert await program.terminate() == 0
    exit_code, words = program.verify()
    assert exit_code == 0, words


async def settled(program: Program) -> None:
    async with asyncio.timeout(60.0):
        while True:
            lane = (await program.triggers())["predict-files"]
            if lane["matched"] >= 4 and not (lane["backlog"] or lane["parked"]):
                return
            await asyncio.sleep(0.05)
