"""The script that makes the worst morning: the same for the same seed; it says what is wrong."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from deploy.examples.broken_model import WRONG_EVERY, night, version_7, version_8
from tests.console.bad_night import SCRIPT
from tests.servers.ports import free_ports

EVENTS = 2_000
STEP_SECONDS_MAX = 60.0


def orders(seed: int = 1) -> list[dict[str, object]]:
    return [json.loads(one.data or b"") for one in night(EVENTS, seed)]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=STEP_SECONDS_MAX)


def test_a_seed_gives_one_night() -> None:
    assert orders(7) == orders(7)
    assert orders(7) != orders(8)


def test_the_broken_model_fails_in_five_ways_at_as_many_as_were_wanted() -> None:
    statuses = Counter(version_7(one).status for one in orders())

    assert statuses.keys() == {200, 422, 500, 404, 503, 0}
    assert statuses.total() - statuses[200] == EVENTS
    assert statuses.most_common(1)[0][0] == 422


def test_the_mended_model_takes_all_that_is_not_wrong_itself() -> None:
    statuses = Counter(version_8(one).status for one in orders())

    assert statuses.keys() == {200, 422}
    assert statuses[422] == EVENTS // WRONG_EVERY


def test_mending_a_model_that_is_not_there_says_what_to_do() -> None:
    ran = run("--mend", "--port", str(free_ports(1)[0]))

    assert ran.returncode == 1
    assert "start it first, without --mend" in ran.stderr


def test_without_a_headrace_it_ends_and_says_so() -> None:
    model, admin = free_ports(2)

    ran = run("--port", str(model), "--admin", f"http://127.0.0.1:{admin}")

    assert ran.returncode == 1
    assert "no headrace answers" in ran.stderr


def test_without_its_package_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "aiohttp.py").write_text("raise ModuleNotFoundError(name='aiohttp')\n")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    command = [sys.executable, str(SCRIPT), "--port", str(free_ports(1)[0])]

    done = subprocess.run(
        command, capture_output=True, text=True, timeout=STEP_SECONDS_MAX, env=environment
    )

    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "needs the package aiohttp" in done.stderr
    assert "install headrace[s3]" in done.stderr
