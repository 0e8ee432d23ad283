"""A full disk: nothing new is taken, what was taken is settled, and it all comes back."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from broker.storage.sqlite.reserve import Reserve

MOUNT = 'mount -t tmpfs -o size=8m tmpfs "$1" && exec "$2" -m tests.broker.storage.filling "$1"'


@pytest.fixture
def seen(tmp_path: Path) -> dict[str, Any]:
    """What a process on a disk of 8 MiB saw, in a mount namespace of its own."""
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare")
    tried = [
        "unshare",
        "-m",
        "sh",
        "-c",
        'mount -t tmpfs -o size=1m tmpfs "$1"',
        "sh",
        str(tmp_path),
    ]
    if subprocess.run(tried, capture_output=True).returncode != 0:
        pytest.skip("may not mount a small disk here; run as root")
    command = ["unshare", "-m", "sh", "-c", MOUNT, "sh", str(tmp_path), sys.executable]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    seen: dict[str, Any] = json.loads(ended.stdout)
    return seen


def test_a_full_disk_refuses_settles_and_recovers_by_itself(seen: dict[str, Any]) -> None:
    assert seen["refused"] == "store-full"
    assert not seen["had_reserve"]
    assert seen["settled"] == 10
    assert (seen["probe"], seen["while_full"]) == ("store-full", ["store-full"])
    assert "reserve" in seen["refusing"]
    assert seen["waited_seconds"] < 60
    assert (seen["last_offset"], seen["dead"]) == (seen["stored"] + 1, 10)


def test_a_reserve_is_allocated_in_full(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "b.db", 1 << 20)

    assert reserve.restore()

    assert not reserve.is_missing
    assert (tmp_path / "b.reserve").stat().st_blocks * 512 >= 1 << 20


def test_a_released_reserve_is_missing_until_restored(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "b.db", 4096)
    reserve.restore()

    reserve.release()

    assert reserve.is_missing
    assert not (tmp_path / "b.reserve").exists()
    assert reserve.restore()


def test_a_reserve_that_does_not_fit_stays_missing(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "b.db", 1 << 60)

    assert not reserve.restore()

    assert reserve.is_missing
    assert not (tmp_path / "b.reserve").exists()


def test_without_a_reserve_none_is_missing(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "b.db", 0)

    reserve.release()

    assert not reserve.is_missing
    assert reserve.restore()
