"""`headrace up` that cannot start says why in one line and ends with 1; signals end it or not."""

import asyncio
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from broker.clock import SteadyClock
from broker.codec import make_event
from broker.errors import Unavailable
from broker.storage.rows import Append
from broker.storage.sqlite.engine import SqliteEngine
from broker.storage.sqlite.options import SqliteOptions
from deploy.addresses import Address
from deploy.config.read import read_configuration
from deploy.process import GRACE_SECONDS, Options, Process

SECONDS_MAX = 60.0


class Started:
    """One process of the program, and all that it has written."""

    def __init__(self, folder: Path, *words: object, **variables: str) -> None:
        self.written = folder / "written.txt"
        options = {"--data": folder / "data", "--listen": "127.0.0.1:0", "--admin": "127.0.0.1:0"}
        given = [str(word) for word in words]
        for name, value in options.items():
            if name not in given:
                given += [name, str(value)]
        with self.written.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "deploy", "up", *given],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={"PATH": "/usr/bin:/bin", **variables},
                cwd=Path(__file__).parents[2],
            )

    def text(self) -> str:
        return self.written.read_text(errors="replace")

    def until(self, pattern: str) -> None:
        deadline = time.monotonic() + SECONDS_MAX
        while not re.search(pattern, self.text()):
            assert self.process.poll() is None, self.text()
            assert time.monotonic() < deadline, f"never {pattern!r}: {self.text()}"
            time.sleep(0.02)

    def end(self) -> int:
        return self.process.wait(SECONDS_MAX)

    def complaint(self) -> str:
        """The line of the error, once it has ended with 1 and without a traceback."""
        assert self.end() == 1, self.text()
        assert "Traceback" not in self.text()
        (line,) = [line for line in self.text().splitlines() if line.startswith("headrace: ")]
        return line.removeprefix("headrace: ")


class Up:
    """Starts the program with a good configuration, or with the one given."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.good = folder / "good.yaml"
        self._started: list[Started] = []

    def __call__(self, *words: object, **variables: str) -> Started:
        configured = words if words and not str(words[0]).startswith("-") else (self.good, *words)
        self._started.append(Started(self.folder, *configured, **variables))
        return self._started[-1]

    def close(self) -> None:
        for started in self._started:
            started.process.kill()
            started.process.wait()
        for reserve in self.folder.glob("data/*/*.reserve"):
            reserve.unlink()


@pytest.fixture
def up(tmp_path: Path, yaml: Any) -> Iterator[Up]:
    made = Up(tmp_path)
    made.good.write_text(yaml.broker)
    yield made
    made.close()


@pytest.fixture
def taken() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


async def store_events(path: Path, count: int = 200) -> None:
    """A store that ended cleanly and is some pages long."""
    engine = SqliteEngine(path, SteadyClock(), SqliteOptions(reserve_bytes=0))
    await engine.log.open(lambda stored: None)
    done: asyncio.Future[Append] = asyncio.get_running_loop().create_future()
    facts = {"specversion": "1.0", "source": "/s", "type": "t"}
    events = [make_event(facts | {"id": str(number)}, b"x" * 3000) for number in range(count)]
    engine.log.append(Append(events, bytes(8 * count), done.set_result))
    assert (await done).error is None
    await engine.log.close()


@pytest.mark.parametrize("option", ["--listen", "--admin"])
def test_a_port_in_use_is_named_with_its_option(up: Up, taken: str, option: str) -> None:
    complaint = up(option, taken).complaint()

    assert complaint.startswith(f"{option}: cannot listen on {taken}: Address already in use; ")


class Unlucky(Process):
    """Its admin listener cannot start, once a delivery is under way."""

    async def _start_admin(self) -> None:
        while not self.running.pool.calls:
            await asyncio.sleep(0.01)
        raise Unavailable("no admin listener")


async def test_a_start_that_fails_does_not_wait_for_a_subscriber_that_hangs(
    up: Up, taken: str, yaml: Any
) -> None:
    await store_events(up.folder / "data" / "default" / "default.db", 1)
    hanging = f"subscriber: {{uri: 'http://{taken}/'}}\nstart: earliest"
    up.good.write_text(yaml.broker + yaml.trigger(hanging))
    free = Address("127.0.0.1", 0)
    options = Options(up.folder / "data", free, free, log_stream=StringIO())
    process = Unlucky(read_configuration([up.good], {}), options)
    with pytest.raises(Unavailable):
        await process.start()
    began = time.monotonic()

    await process.stop()

    assert time.monotonic() - began < GRACE_SECONDS / 2


def test_a_data_folder_that_cannot_be_made_is_named(up: Up) -> None:
    (up.folder / "file").touch()

    complaint = up("--data", up.folder / "file").complaint()

    assert complaint.startswith(f"no data can be kept in {up.folder}/file/default: ")
    assert "--data" in complaint


def test_a_data_folder_of_another_process_is_refused_and_names_it(up: Up) -> None:
    first = up()
    first.until("process.started")

    complaint = up().complaint()

    assert f"process {first.process.pid} owns this partition" in complaint
    assert first.process.poll() is None


async def test_a_corrupt_store_is_named_and_never_taken_for_an_empty_one(up: Up) -> None:
    path = up.folder / "data" / "default" / "default.db"
    await store_events(path)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 20_000] = bytes(byte ^ 0xFF for byte in content[middle:][:20_000])
    path.write_bytes(content)

    complaint = up().complaint()

    assert complaint.startswith(f"{path} is corrupt and is not written any more (")
    assert complaint.endswith("; keep the file, read what is left of it, and restore a backup")
    assert path.read_bytes() == content


async def test_a_store_of_a_newer_program_is_refused(up: Up) -> None:
    path = up.folder / "data" / "default" / "default.db"
    await store_events(path, 1)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    complaint = up().complaint()

    assert complaint.startswith(f"{path} has schema version 99, this program knows up to ")
    assert "run the newer program" in complaint


def test_all_mistakes_of_a_configuration_are_told(up: Up) -> None:
    wrong = up.folder / "wrong.yaml"
    wrong.write_text("kind: Broker\n---\nkind: Triger\n")

    started = up(wrong, up.folder / "nowhere.yaml")

    assert started.complaint() == "the configuration has 3 mistakes"
    lines = [line for line in started.text().splitlines() if line.startswith(str(up.folder))]
    assert [line.removeprefix(f"{up.folder}/").split(":")[0] for line in lines] == [
        "nowhere.yaml", "wrong.yaml", "wrong.yaml",
    ]  # fmt: skip


def test_a_missing_extra_is_named_with_what_to_install(up: Up, yaml: Any) -> None:
    hidden = up.folder / "hidden" / "onnxruntime"
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").write_text("raise ModuleNotFoundError(name='onnxruntime')\n")
    (up.folder / "iris.onnx").touch()
    reference = "subscriber: {ref: {kind: InferenceSink, name: iris}}\nfilters: [{exact: {a: b}}]"
    up.good.write_text(yaml.broker + yaml.iris() + yaml.trigger(reference))

    complaint = up(PYTHONPATH=str(hidden.parent)).complaint()

    assert complaint == "the ONNX runtime is not installed; install headrace[onnx]"


def test_an_unknown_failpoint_is_refused(up: Up) -> None:
    complaint = up(HEADRACE_FAILPOINT="nowhere").complaint()

    assert complaint.startswith("HEADRACE_FAILPOINT: no failpoint 'nowhere'")


def test_a_log_format_that_there_is_not_is_wrong_usage(up: Up) -> None:
    started = up("--log-format", "nonsense")

    assert started.end() == 2
    assert "'console', 'json'" in started.text()


def test_a_hangup_does_not_end_it_and_sigterm_does(up: Up) -> None:
    started = up("--log-format", "json")
    started.until("process.started")

    started.process.send_signal(signal.SIGHUP)

    started.until("configuration.applied")
    started.process.send_signal(signal.SIGTERM)
    assert started.end() == 0
