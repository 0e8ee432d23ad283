"""What holds of every model server: its children end with it, and its recipe says what it lacks."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.cache import REQUIRED, VARIABLE, Missing, tell_missing
from tests.servers.groups import GroupRunner
from tests.servers.kserve import find_kserve
from tests.servers.llama import find_llama
from tests.servers.models import RECIPES, ModelServer
from tests.servers.waiting import until

SERVERS = ("kserve", "mlserver", "triton", "litellm", "llama")


def test_a_servers_children_end_with_it(tmp_path: Path) -> None:
    runner = GroupRunner(tmp_path / "log")
    runner.spawn(["sh", "-c", "sleep 1000 & echo $!; wait"], {})
    until(lambda: runner.said().endswith("\n"))
    child = int(runner.said())

    runner.kill()

    until(lambda: not _runs(child))
    assert not runner.is_running()


def test_a_server_that_was_not_started_is_killed_in_peace(tmp_path: Path) -> None:
    runner = GroupRunner(tmp_path / "log")

    runner.kill()
    runner.thaw()

    assert not runner.is_running()


@pytest.mark.parametrize(
    ("find", "end"),
    [(find_kserve, pytest.fail.Exception), (find_llama, pytest.skip.Exception)],
    ids=["by make servers", "by asking for it"],
)
def test_what_make_servers_gets_everywhere_may_be_required(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    find: Callable[[Path], ModelServer],
    end: type[BaseException],
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    monkeypatch.setenv(REQUIRED, "1")

    with pytest.raises(Missing) as missing:
        find(tmp_path)

    with pytest.raises(end, match=r"remedy: .*make servers"):
        tell_missing(missing.value)


def test_a_server_that_takes_long_to_build_is_built_when_asked_for(tmp_path: Path) -> None:
    outside = {name: value for name, value in os.environ.items() if "HEADRACE" not in name}
    bash = shutil.which("bash")
    assert bash is not None

    told = subprocess.run(
        [bash, RECIPES / "llama" / "install.sh", tmp_path],
        env=outside, capture_output=True, text=True,
    )  # fmt: skip

    assert told.returncode == 77  # not a failure: install.sh goes on
    assert "HEADRACE_BUILD_LLAMA=1 makes servers build it" in told.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("server", SERVERS)
def test_a_model_servers_lock_pins_all_by_hash_and_names_no_index(server: str) -> None:
    lock = (RECIPES / server / "lock.txt").read_text("utf-8")
    entries = re.split(r"\n(?=\w)", lock.replace("\\\n", ""))

    bare = [entry for entry in entries if "==" in entry and "--hash=sha256:" not in entry]
    hosts = re.findall(r"\S*://\S+|^--\S*(?:index|links)\S*", lock, re.MULTILINE)

    assert not bare + hosts, "remedy: tests/servers/recipes/lock.sh UV"


def _runs(pid: int) -> bool:
    """Whether it does more than wait to be collected."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return False
    return words[0] != "Z"
