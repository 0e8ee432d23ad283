"""File jobs over the admin listener, and by the command line."""

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from broker.errors import Invalid
from deploy.admin.file_view import EXAMPLE
from deploy.cli.client import Admin
from deploy.cli.files import bar
from tests.deploy.conftest import Peer, Ran
from tests.deploy.living import BROKER, PATIENCE_SECONDS, Living, event, living

IRIS = Path(__file__).resolve().parents[2] / "deploy" / "examples" / "iris.onnx"
FILES = """
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: files}
spec:
  subscriber: {ref: {kind: FileBatch, name: rows}}
---
apiVersion: headrace.dev/v1
kind: FileBatch
metadata: {name: rows}
spec: {sink: iris, root: drop, match: {settle: PT0S}, CALL}
---
apiVersion: headrace.dev/v1
kind: InferenceSink
metadata: {name: iris}
spec:
  protocol: onnx
  url: file:iris.onnx
  input: {columns: {names: [a, b, c, d]}}
"""
SLOW = "call: {rate: 1/m, batchSize: 1}"
FAST = "call: {batchSize: 64}"


def configured(folder: Path, call: str) -> str:
    (folder / "drop").mkdir()
    shutil.copy(IRIS, folder)
    (folder / "drop" / "a.csv").write_text("a,b,c,d\n" + "5.1,3.5,1.4,0.2\n" * 9 + "x,1,1,1\n")
    return BROKER + "---" + FILES.replace("CALL", call)


async def told(house: Living) -> Any:
    """Tell of the file; gives its job once there is one."""
    await house.publish(event("1", "dev.headrace.folder.created", subject="a.csv"))
    return await one_that(house, lambda _: True)


async def one_that(house: Living, fits: Callable[[Any], bool]) -> Any:
    clock = house.process.clock
    deadline = clock.monotonic() + PATIENCE_SECONDS
    while not (found := (await house.get("/api/v1/files")).json["items"]) or not fits(found[0]):
        assert clock.monotonic() < deadline, found
        await asyncio.sleep(0.01)
    return found[0]


async def post(house: Living, path: str, **body: Any) -> Any:
    admin = Admin(f"http://{house.process.admin}")
    return await asyncio.to_thread(admin.post, path, body)


async def test_a_job_is_listed_and_shown_with_what_it_has_written(tmp_path: Path) -> None:
    async with living(tmp_path, configured(tmp_path, FAST)) as house:
        await told(house)

        item = await one_that(house, lambda one: one["ended_at"] is not None)
        shown = (await house.get(f"/api/v1/files/{item['id'][:8]}")).json

        assert shown == item
        assert item.keys() == EXAMPLE.keys()
        assert (item["state"], item["ok"], item["failed"]) == ("completed", 9, 1)
        assert [one["place"] for one in item["outputs"]] == [
            "a.csv.predictions.csv", "a.csv.errors.jsonl", "a.csv.predictions.manifest.json",
        ]  # fmt: skip


async def test_a_job_is_paused_resumed_and_cancelled_each_once(tmp_path: Path) -> None:
    async with living(tmp_path, configured(tmp_path, SLOW)) as house:
        path = f"/files/{(await told(house))['id']}"

        changed = {
            verb: [(await post(house, f"{path}/{verb}", reason="r"))["changed"] for _ in range(2)]
            for verb in ("pause", "resume", "cancel")
        }
        audit = [one["verb"] for one in (await house.get("/api/v1/audit")).json["items"]]

        assert changed == {verb: [True, False] for verb in ("pause", "resume", "cancel")}
        assert audit == ["file.cancel", "file.resume", "file.pause"]
        assert (await one_that(house, lambda _: True))["reason"] == "operator"


async def test_the_errors_of_a_job_at_work_are_not_tried_again(tmp_path: Path) -> None:
    async with living(tmp_path, configured(tmp_path, SLOW)) as house:
        path = f"/files/{(await told(house))['id']}"

        with pytest.raises(Invalid) as refused:
            await post(house, f"{path}/retry-errors")

        assert "pause it first" in str(refused.value)


async def test_the_list_is_cut_into_pages_and_asked_by_trigger_and_state(tmp_path: Path) -> None:
    async with living(tmp_path, configured(tmp_path, SLOW)) as house:
        (tmp_path / "drop" / "b.csv").write_text("a,b,c,d\n1,1,1,1\n")
        await told(house)
        await house.publish(event("2", "dev.headrace.folder.created", subject="b.csv"))
        while len((await house.get("/api/v1/files")).json["items"]) < 2:
            await asyncio.sleep(0.01)

        first = (await house.get("/api/v1/files?limit=1")).json
        second = (await house.get(f"/api/v1/files?limit=1&cursor={first['next']}")).json
        failed = (await house.get("/api/v1/files?state=failed")).json
        others = (await house.get("/api/v1/files?trigger=other")).json

        names = {one["input"] for page in (first, second) for one in page["items"]}
        assert names == {"a.csv", "b.csv"}
        assert second["next"] is None
        assert failed["items"] == others["items"] == []


async def test_the_model_of_files_is_listed_among_the_sinks(tmp_path: Path) -> None:
    async with living(tmp_path, configured(tmp_path, SLOW)) as house:
        names = [one["name"] for one in (await house.get("/api/v1/sinks")).json["items"]]

        assert names == ["FileBatch default/rows", "InferenceSink default/iris"]


def test_what_there_is_not_is_said(headrace: Callable[..., Ran], peer: Peer) -> None:
    problem = {"code": "not-found", "detail": "no file job x", "remedy": "headrace files"}
    peer.script("/api/v1/files/x", 404, problem)

    ran = headrace("files", "show", "x", "--admin", peer.url)

    assert ran.exit_code == 1
    assert "no file job x" in ran.err


def test_the_list_shows_how_far_how_fast_and_how_long_yet(
    headrace: Callable[..., Ran], peer: Peer
) -> None:
    peer.script("/api/v1/files", 200, {"items": [dict(EXAMPLE)], "next": None})

    out = headrace("files", "--admin", peer.url).out

    header, row = out.splitlines()
    assert header.split() == [
        "JOB",
        "STATE",
        "DONE",
        "ROWS",
        "FAILED",
        "RATE",
        "LEFT",
        "AGE",
        "FILE",
    ]
    for shown in ("h63nrt6f ", "##--------  25%", "250,880", "52,102", "14s", "in/iris.csv"):
        assert shown in row


def test_one_is_shown_with_the_files_that_it_has_written(
    headrace: Callable[..., Ran], peer: Peer
) -> None:
    outputs = [{"place": "in/iris.csv.predictions.csv", "bytes": 2048, "sha256": "73ce" * 16}]
    peer.script(f"/api/v1/files/{EXAMPLE['id']}", 200, {**EXAMPLE, "outputs": outputs})

    out = headrace("files", "show", str(EXAMPLE["id"]), "--admin", peer.url).out

    assert "in/iris.csv.predictions.csv" in out
    assert "2.0 KiB" in out


@pytest.mark.parametrize("verb", ["pause", "resume", "cancel", "retry-errors"])
def test_each_verb_says_what_has_become_of_the_job(
    headrace: Callable[..., Ran], peer: Peer, verb: str
) -> None:
    peer.script(f"/api/v1/files/h63nrt6f/{verb}", 200, {**EXAMPLE, "changed": False})

    out = headrace("files", verb, "h63nrt6f", "--reason", "why", "--admin", peer.url).out

    assert out == "file job h63nrt6f is running already: 250,870 predicted, 10 failed\n"
    assert json.loads(peer.asked[-1].body) == {"reason": "why"}


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "----------   0%"), (1.0, "########## 100%"), (None, "-")]
)
def test_a_bar_is_as_long_as_what_is_done(share: float | None, text: str) -> None:
    assert bar(share) == text
