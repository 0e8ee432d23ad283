"""The example, run against a real MinIO: what comes and goes lands in its file."""

import asyncio
import json
import time
from pathlib import Path

from tests.deploy.living import living
from tests.servers.minio import MinioServer

EXAMPLE = Path(__file__).parents[3] / "deploy" / "examples" / "s3-source.yaml"
DEADLINE_SECONDS = 20.0


async def lines_of(file: Path, count: int) -> list[str]:
    """Once there are so many."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not file.exists() or len(file.read_text().splitlines()) < count:
        assert time.monotonic() < deadline, "they were not written"
        await asyncio.sleep(0.02)
    return file.read_text().splitlines()


async def test_the_example_writes_down_what_comes_and_goes(
    tmp_path: Path, minio: MinioServer, bucket: str
) -> None:
    (tmp_path / "key").write_text(minio.access_key)
    (tmp_path / "secret").write_text(minio.secret_key)
    text = (
        EXAMPLE.read_text()
        .replace("bucket: photos", f"bucket: {bucket}")
        .replace("http://127.0.0.1:9000        #", f"{minio.url}  #")
        .replace("${env:S3_ACCESS_KEY_ID}", "${file:key}")
        .replace("${env:S3_SECRET_ACCESS_KEY}", "${file:secret}")
    )
    minio.put(bucket, "in/first.jpg", b"1")

    async with living(tmp_path, text) as headrace:
        (first,) = await lines_of(tmp_path / "photos.ndjson", 1)
        minio.put(bucket, "in/second.jpg", b"2")
        minio.put(bucket, "elsewhere.jpg", b"3")
        minio.remove(bucket, "in/first.jpg")
        lines = await lines_of(tmp_path / "photos.ndjson", 3)

    assert json.loads(first)["type"] == "com.amazonaws.s3.ObjectCreated:Listed"
    told = {(json.loads(line)["type"], json.loads(line)["subject"]) for line in lines[1:]}
    assert told == {
        ("com.amazonaws.s3.ObjectCreated:Put", "in/second.jpg"),
        ("com.amazonaws.s3.ObjectRemoved:Delete", "in/first.jpg"),
    }
    assert minio.secret_key not in headrace.log.getvalue()
