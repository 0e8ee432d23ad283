"""What holds of every server: its end, its failure to start, and what is said where it lacks."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

import pytest

from tests.servers.kafka import find_kafka
from tests.servers.runners import NativeRunner
from tests.servers.server import Server, ServerFailed

ROOT = Path(__file__).resolve().parents[2]
RECIPES = ("kafka", "minio", "kubernetes", "kserve", "mlserver", "litellm")
SLEEP = ("sleep", "1000")
GONE_SECONDS_MAX = 60.0


class Shell(Server):
    """A server of one line; it is ready when it has said so."""

    name: ClassVar[str] = "shell"

    def __init__(self, folder: Path, line: str) -> None:
        super().__init__(NativeRunner(folder / "shell.log"))
        self._line = line

    def command(self) -> Sequence[str]:
        return ["sh", "-c", self._line]

    def is_ready(self) -> bool:
        return "ready" in self.runner.said()


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    server = Shell(tmp_path, "echo no such disk; exit 3")

    with pytest.raises(ServerFailed, match="no such disk"):
        server.start()


def test_what_an_earlier_life_said_is_not_taken_for_readiness(tmp_path: Path) -> None:
    with Shell(tmp_path, f"echo ready; exec {' '.join(SLEEP)}") as server:
        server._line = "exit 1"

        with pytest.raises(ServerFailed):
            server.restart()


def test_a_frozen_server_is_killed_and_mended(tmp_path: Path) -> None:
    with Shell(tmp_path, f"echo ready; exec {' '.join(SLEEP)}") as server:
        server.freeze()
        server.kill()
        assert not server.runner.is_running()

        server.mend()

        assert server.runner.is_running()


def test_a_server_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    server = Shell(tmp_path, f"echo ready; exec {' '.join(SLEEP)}")
    with ThreadPoolExecutor(1) as starter:
        starter.submit(server.start).result()

    with pytest.raises(AssertionError):
        _until(lambda: not server.runner.is_running(), seconds=0.2)

    server.close()


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="no setpriv: only Linux tells a child")
def test_a_server_ends_with_a_session_that_was_killed(tmp_path: Path) -> None:
    session = subprocess.Popen(
        [sys.executable, "-c", KILLED_SESSION, str(tmp_path / "log")],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with session:
        assert session.stdout is not None
        server = int(session.stdout.readline())
        assert _runs(server)

        session.kill()

    _until(lambda: not _runs(server), GONE_SECONDS_MAX)


@pytest.mark.parametrize(
    ("variables", "said"),
    [({}, "1 skipped"), ({"HEADRACE_REQUIRE_SERVERS": "1"}, "1 error")],
    ids=["skipped", "required"],
)
def test_a_missing_server_is_told_in_one_line(
    tmp_path: Path, variables: dict[str, str], said: str
) -> None:
    test = tmp_path / "test_it.py"
    test.write_text("def test_it(minio: object) -> None:\n    pass\n")
    outside = {name: value for name, value in os.environ.items() if "HEADRACE" not in name}

    told = subprocess.run(
        [sys.executable, "-m", "pytest", "-rs", "-p", "tests.servers.plugin", "-p",
         "no:cacheprovider", "--rootdir", str(tmp_path), "-c", os.devnull, str(test)],
        cwd=ROOT, env=outside | {"HEADRACE_CACHE": str(tmp_path)} | variables,
        capture_output=True, text=True,
    ).stdout  # fmt: skip

    assert said in told
    assert f"no minio: no program {tmp_path}/bin/minio-2025-09-07; remedy: make servers" in told


def test_a_server_that_is_given_is_not_killed(tmp_path: Path) -> None:
    with find_kafka(tmp_path, {"HEADRACE_TEST_KAFKA": "kafka.test:9092"}) as given:
        with pytest.raises(pytest.skip.Exception, match="HEADRACE_TEST_KAFKA is not ours"):
            given.kill()

        assert given.bootstrap == "kafka.test:9092"


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_without_its_tools_says_what_to_install(tmp_path: Path, recipe: str) -> None:
    told = _run_recipe(recipe, tmp_path, PATH=str(_only(tmp_path, "bash", "dirname")))

    assert told.returncode == 1
    assert told.stderr.startswith(f"{recipe}: ")
    assert "missing; install" in told.stderr


@pytest.mark.skipif(shutil.which("go") is None, reason="no go: the recipe ends before its build")
def test_a_recipe_that_fails_leaves_nothing_half_made(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()

    told = _run_recipe("minio", cache, GOPROXY="off", GOTOOLCHAIN="local")

    assert "minio: the build failed; it needs the Go module proxy" in told.stderr
    assert [path.name for path in cache.iterdir() if path.name != "go"] == []


def _run_recipe(recipe: str, cache: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    bash = shutil.which("bash")
    assert bash is not None
    return subprocess.run(
        [bash, ROOT / "tests" / "servers" / "recipes" / recipe / "install.sh", str(cache)],
        env={**os.environ, **variables}, capture_output=True, text=True,
    )  # fmt: skip


def _only(folder: Path, *programs: str) -> Path:
    """A folder with these programs, to be the whole PATH."""
    path = folder / "path"
    path.mkdir()
    for program in programs:
        found = shutil.which(program)
        assert found is not None
        (path / program).symlink_to(found)
    return path


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _until(reached: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, f"not within {seconds:g} s"
        time.sleep(0.01)


KILLED_SESSION = f"""
import sys, time
from pathlib import Path
from tests.servers.runners import NativeRunner

runner = NativeRunner(Path(sys.argv[1]))
runner.spawn(["sh", "-c", "echo ready; exec {" ".join(SLEEP)}"], {{}})
while "ready" not in runner.said():  # only from then on does it hear of a death
    time.sleep(0.01)
print(runner.pid, flush=True)
time.sleep(1000)
"""
