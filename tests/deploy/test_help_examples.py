"""Every command has an example in its help, and every example does what it says."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from broker.http_message import Answer
from deploy.cli import COMMANDS
from deploy.cli.client import Admin
from tests.deploy.examples import all_paths, examples_in, parsed, runnable
from tests.deploy.lasting import lasting
from tests.deploy.living import BROKER, PATIENCE_SECONDS, Living, event, living

Headrace = Callable[..., Any]
ROOT = Path(__file__).resolve().parents[2]
PATHS = list(all_paths())
JOB = "260301-093000-4f1a"
FILE_JOB = "h63nrt6f"
REDRIVE = "260301-093000-3f2a"
ONLY_PARSED = {"up", "demo"}  # they do not end; test_up and test_demo run them
TRIGGER = """---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: NAME}
spec:
  broker: default
  subscriber: SUBSCRIBER
  delivery: {backoffDelay: PT0.1S}
"""
SINKS = """---
apiVersion: headrace.dev/v1
kind: InferenceSink
metadata: {name: iris}
spec: {protocol: onnx, url: "file:iris.onnx"}
---
apiVersion: headrace.dev/v1
kind: InferenceSink
metadata: {name: scores}
spec:
  protocol: v1
  url: "${env:SUBSCRIBER}"
  model: scores
  reply: {type: com.example.scored}
  variants: [{name: stable, weight: 90}, {name: canary, weight: 0}]
---
apiVersion: headrace.dev/v1
kind: FileSink
metadata: {name: archive}
spec: {path: FOLDER/archive.ndjson}
"""
FILES = """---
apiVersion: headrace.dev/v1
kind: FolderSource
metadata: {name: drop}
spec: {path: drop, settle: PT0.1S}
---
apiVersion: headrace.dev/v1
kind: FileBatch
metadata: {name: drop}
spec: {sink: iris, root: drop, call: {rate: 1/m, batchSize: 1}, match: {settle: PT0S}}
"""
SOURCE = """---
apiVersion: headrace.dev/v1
kind: WebhookSource
metadata: {name: orders}
spec: {template: {type: com.example.order}}
"""
EVENT = {"specversion": "1.0", "id": "e", "source": "/shop", "type": "com.example.a", "size": 7}


@dataclass
class Workplace:
    """A folder with all the files that examples name, and a headrace that knows their names."""

    folder: Path
    admin: str
    ingress: str
    sink: str
    token: str
    letter: str = ""
    group: str = ""
    jobs: int = 0

    @property
    def client(self) -> Admin:
        return Admin(self.admin, self.token)

    def real(self, line: str) -> str:
        """The example with what stands for an id or an address of a reader's own put in."""
        if JOB in line:
            line = line.replace(JOB, self.job())
        if REDRIVE in line:
            line = line.replace(REDRIVE, self.redrive())
        if FILE_JOB in line:
            line = line.replace(FILE_JOB, self.file_job("retry-errors" in line))
        for written, found in (
            ("3nq6u7a2w4c5d6e7", self.letter),
            ("abcdefgh12345678", self.group),
            ("http://host:8080/team/main", self.ingress),
            ("https://test.example/in", self.sink),
            ("--offset 1204", "--offset 1"),
        ):
            line = line.replace(written, found)
        return line

    def redrive(self) -> str:
        """The id of a redrive that waits for its trigger: each example may have one of its own."""
        self.client.post("/triggers/default/orders/pause", {})
        wanted = {"verb": "redrive", "where": "trigger = 'default/orders'"}
        plan = self.client.post("/dead-letters/plans", wanted)
        self.client.post(f"/dead-letters/plans/{plan['id']}/act", {})
        return str(plan["id"])

    def file_job(self, is_paused: bool) -> str:
        """How the id of a new file job begins; its model takes a record a minute."""
        self.jobs += 1
        name = f"{self.jobs}.csv"
        (self.folder / "drop" / name).write_text("x\n1\n2\n3\n")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (found := [one for one in self.client.items("/files") if one["input"] == name]):
            assert time.monotonic() < deadline, "it never became a job"
            time.sleep(0.02)
        if is_paused:
            self.client.post(f"/files/{found[0]['id']}/pause", {})
        return str(found[0]["id"])[:8]

    def job(self) -> str:
        """The id of a new replay that is paused or will take its time."""
        self.jobs += 1
        wanted = {"trigger": "classify", "from": 1, "rate": 0.1, "id": f"job-{self.jobs}"}
        return str(self.client.post("/replays", wanted)["id"])


def trigger(name: str, subscriber: str) -> str:
    return TRIGGER.replace("NAME", name).replace("SUBSCRIBER", subscriber)


def text(folder: Path) -> str:
    """The configuration, `old` last."""
    http, ref = '{uri: "${env:SUBSCRIBER}"}', "{ref: {kind: KIND, name: THIS}}"
    return "".join(
        (
            BROKER + "spec: {egress: {allow: [127.0.0.1]}}\n",
            trigger("classify", http),
            trigger("orders", http),
            trigger("flowers", ref.replace("KIND", "InferenceSink").replace("THIS", "iris"))
            + "  filters: [{exact: {type: com.example.flower}}]\n",
            trigger("scores", ref.replace("KIND", "InferenceSink").replace("THIS", "scores"))
            + "  filters: [{exact: {type: com.example.rated}}]\n",
            trigger("archive", ref.replace("KIND", "FileSink").replace("THIS", "archive")),
            trigger("files", ref.replace("KIND", "FileBatch").replace("THIS", "drop"))
            + "  filters: [{prefix: {type: dev.headrace.folder.}}]\n",
            SINKS.replace("FOLDER", str(folder)),
            FILES,
            SOURCE,
            trigger("old", http).replace("spec:", "spec:\n  paused: true"),
        )
    )


def lay_out(folder: Path) -> None:
    """The files, and a data folder that nobody owns."""

    async def publish() -> None:
        async with living(folder / "before") as headrace:
            await headrace.publish(event("1"))

    (folder / "before").mkdir()
    asyncio.run(publish())
    (folder / "before" / "data").rename(folder / "headrace-data")
    (folder / "config.d").mkdir()
    (folder / "drop").mkdir()
    (folder / "config.d" / "broker.yaml").write_text(BROKER)
    (folder / "event.json").write_text(json.dumps(EVENT))
    (folder / "events.ndjson").write_text(json.dumps({**EVENT, "id": "f"}) + "\n")
    flower = {**EVENT, "type": "com.example.flower", "data": [[5.1, 3.5, 1.4, 0.2]]}
    (folder / "flower.json").write_text(json.dumps(flower))
    (folder / "note.json").write_text('{"note": "buy milk"}')
    shutil.copy(ROOT / "deploy" / "examples" / "iris.onnx", folder)


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    folder = tmp_path_factory.mktemp("examples")
    lay_out(folder)

    async def prepare(headrace: Living) -> None:
        await headrace.publish(event("7f3c", source="/shop"), event("dead", "refused"))
        for name in ("classify", "orders"):  # both have it refused before it is taken
            await headrace.rest(f"default/{name}")
        headrace.subscriber.answers[b"refused"] = Answer(204)

    whole = text(folder)
    with lasting(folder, prepare, whole) as headrace:
        url = f"http://{headrace.process.admin}"
        made = Admin(url).post("/tokens", {"name": "tester", "role": "admin"})
        sink = next(name for name in headrace.process.running.endpoints if name.startswith("http"))
        ingress = f"http://{headrace.process.ingress}/default/default"
        found = Workplace(folder, url, ingress, sink, made["token"])
        (folder / "headrace.yaml").write_text(whole.rpartition("---")[0])
        found.client.post("/reload", {})
        letters = found.client.items("/dead-letters", {"trigger": "default/classify"})
        found.letter, found.group = letters[0]["id"], letters[0]["group"]
        document = found.client.get(f"/dead-letters/{found.letter}/edit")["document"]
        (folder / "edited.json").write_text(json.dumps(document | {"subject": "mended"}))
        yield found


@pytest.fixture
def there(workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    """The workplace, as whoever sits in its folder sees it."""
    monkeypatch.chdir(workplace.folder)
    for name, value in (
        ("HEADRACE_ADMIN", workplace.admin),
        ("HEADRACE_TOKEN", workplace.token),
        ("SUBSCRIBER", workplace.sink),
    ):
        monkeypatch.setenv(name, value)
    return workplace


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_the_help_has_an_example_and_fits_a_hundred_columns(
    headrace: Headrace, path: tuple[str, ...]
) -> None:
    ran = headrace(*path, "--help")

    own = " ".join(("headrace", *path)).replace("headrace dlq", "headrace dead-letters")
    assert ran.exit_code == 0
    assert any(own in line for line in examples_in(ran.out)), ran.out
    assert max(len(line) for line in ran.out.splitlines()) <= 100


@pytest.mark.parametrize("path", [path for path in PATHS if path[0] in ONLY_PARSED], ids=" ".join)
def test_the_examples_of_what_does_not_end_are_right_usage(
    headrace: Headrace, path: tuple[str, ...]
) -> None:
    lines = examples_in(headrace(*path, "--help").out)

    assert [parsed(line)[0] for line in lines if line.startswith("headrace")]


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ONLY_PARSED])
def test_the_examples_of_a_command_and_of_those_below_it_run(
    headrace: Headrace, there: Workplace, name: str
) -> None:
    helps = [headrace(*path, "--help").out for path in PATHS if path[0] == name]
    lines = dict.fromkeys(line for text in helps for line in examples_in(text))

    failed = [line for line in lines if not runs(headrace, there, line)]

    assert lines
    assert not failed


def runs(headrace: Headrace, there: Workplace, line: str) -> bool:
    """Run it; what it said is printed, for whom it fails."""
    if not line.startswith("headrace"):
        shell = line.replace("headrace", f"{sys.executable} -m deploy")
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.run(["sh", "-c", shell], env=environment, timeout=60).returncode == 0
    words = runnable(*parsed(there.real(line)), there.ingress)
    ran = headrace(*words)
    print(f"{line}\n  as {words}: {ran.exit_code}\n{ran.out}{ran.err}")
    return bool(ran.exit_code == 0)
