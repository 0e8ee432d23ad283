"""`headrace demo --s3`: the same journey, with the files in a bucket of a real MinIO."""

import json
import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from broker.errors import Denied, Invalid, Unavailable
from deploy.cli.demo import bucket_at
from deploy.demo.bucket import Answer, creation, prepare, refusal
from deploy.demo.files import SPOILED_ROWS
from deploy.demo.home import Bucket
from sinks.file_batch.spec import S3Access, S3Keys
from tests.servers.minio import MinioServer

ROOT = Path(__file__).parents[2]
KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "not to be shown"}
SERVER = "http://127.0.0.1:9000"


def new_name() -> str:
    return f"demo-{uuid4().hex[:8]}"


def bucket_of(minio: MinioServer, name: str, secret: str = "") -> Bucket:
    keys = S3Keys(minio.access_key, secret or minio.secret_key)
    return Bucket(name, S3Access(minio.url, keys=keys))


def test_the_whole_journey_goes_through_a_bucket_that_it_makes(
    tmp_path: Path, minio: MinioServer
) -> None:
    pytest.importorskip("onnxruntime", reason="the demo's model needs it")
    name = new_name()
    words = ["--once", "--folder", str(tmp_path), "--s3", minio.url, "--bucket", name]
    keys = {"AWS_ACCESS_KEY_ID": minio.access_key, "AWS_SECRET_ACCESS_KEY": minio.secret_key}

    ran = subprocess.run(
        [sys.executable, "-m", "deploy", "demo", *words,
         "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"],
        capture_output=True, text=True, timeout=120, cwd=ROOT, env={**os.environ, **keys},
    )  # fmt: skip

    (folder,) = tmp_path.iterdir()
    names = {key.removeprefix(f"{folder.name}/") for key in minio.keys(name)}
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout
    assert f"s3://{name}/{folder.name}/" in ran.stdout.replace("\n", "")
    assert minio.secret_key not in ran.stdout
    assert names == {
        *(f"iris{kind}.csv{made}" for kind in ("", "-with-mistakes") for made in MADE),
        "iris-with-mistakes.csv.errors.jsonl",
    }
    errors = read(minio, name, f"{folder.name}/iris-with-mistakes.csv.errors.jsonl")
    assert [json.loads(line)["row"] for line in errors.splitlines()] == list(SPOILED_ROWS)
    assert not (folder / "flowers").exists()


MADE = ("", ".predictions.csv", ".predictions.manifest.json")


def read(minio: MinioServer, bucket: str, key: str) -> str:
    with minio.client.get_object(bucket, key) as answer:
        return answer.data.decode()


async def test_a_bucket_is_made_once_and_one_that_is_there_is_taken(minio: MinioServer) -> None:
    bucket = bucket_of(minio, new_name())

    made = [await prepare(bucket) for _ in range(2)]

    assert made == [True, False]
    assert minio.client.bucket_exists(bucket.name)


async def test_keys_that_may_make_no_bucket_are_told_what_they_need(minio: MinioServer) -> None:
    may_list = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::*"}
    minio.add_user("lister", "lister-secret", may_list)
    keys = S3Keys("lister", "lister-secret")

    with pytest.raises(Denied, match="s3:CreateBucket"):
        await prepare(Bucket(new_name(), S3Access(minio.url, keys=keys)))


async def test_wrong_keys_and_a_server_that_is_away_are_told_apart(minio: MinioServer) -> None:
    away = S3Access("http://127.0.0.1:1", keys=S3Keys("key", "secret"))

    with pytest.raises(Denied, match="AWS_SECRET_ACCESS_KEY"):
        await prepare(bucket_of(minio, new_name(), secret="another one"))
    with pytest.raises(Unavailable, match="after --s3"):
        await prepare(Bucket(new_name(), away))


@pytest.mark.parametrize(
    ("status", "error"), [(301, Invalid), (400, Invalid), (409, Invalid), (503, Unavailable)]
)
def test_other_answers_are_told_with_a_remedy(status: int, error: type[Exception]) -> None:
    bucket = Bucket("flowers", S3Access(SERVER, keys=S3Keys("key", "secret")))

    found = refusal(bucket, Answer(status, "<Code>Because</Code>"))

    assert isinstance(found, error)
    assert "Because" in found.what
    assert found.remedy


def test_a_bucket_elsewhere_is_asked_for_by_its_region() -> None:
    assert creation("us-east-1") == b""
    assert b"<LocationConstraint>eu-central-1</LocationConstraint>" in creation("eu-central-1")


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"endpoint": "127.0.0.1:9000"}, "--s3"),
        ({"name": "NO bucket"}, "--bucket"),
        ({"region": "no region"}, "--region"),
        ({"endpoint": None}, "--bucket"),
        ({"endpoint": None, "name": None}, "--region"),
        ({"environment": {}}, "--s3"),
        ({"environment": {**KEYS, "AWS_SECRET_ACCESS_KEY": ""}}, "--s3"),
        ({"environment": {**KEYS, "AWS_SESSION_TOKEN": "t"}}, "AWS_SESSION_TOKEN"),
    ],
)
def test_what_cannot_be_is_said_of_its_option(changed: dict[str, object], where: str) -> None:
    given = {"endpoint": SERVER, "name": "flowers", "region": "us-east-1", "environment": KEYS}

    with pytest.raises(Invalid) as refused:
        bucket_at(**{**given, **changed})  # type: ignore[arg-type]

    assert refused.value.where == where
    assert refused.value.remedy
    assert KEYS["AWS_SECRET_ACCESS_KEY"] not in str(refused.value)


def test_an_address_is_taken_without_its_last_slash() -> None:
    bucket = bucket_at(f"{SERVER}/", None, None, KEYS)

    assert bucket is not None
    assert (bucket.name, bucket.access.endpoint) == ("headrace-demo", SERVER)
    assert "not to be shown" not in repr(bucket)


@pytest.mark.parametrize("package", ["aiohttp", "obstore"])
def test_what_must_be_installed_for_it_is_said_at_once(package: str) -> None:
    code = f"import sys; sys.modules[{package!r}] = None; from deploy.cli import main; main()"

    ran = subprocess.run(
        [sys.executable, "-c", code, "demo", "--once", "--s3", SERVER],
        capture_output=True, text=True, timeout=60, cwd=ROOT, env={**os.environ, **KEYS},
    )  # fmt: skip

    assert ran.returncode == 1
    assert f"needs the package {package}" in ran.stderr
    assert "install headrace[s3,files]" in ran.stderr
