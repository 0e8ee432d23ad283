"""The locks pin all that is installed, by hash, and name no place to get it from."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCKS = ("run", "dev", "build")
RUN_EXTRAS = ("onnx", "kafka", "s3", "kubernetes")  # so that each kind runs after make run


def pinned(lock: str) -> dict[str, set[str]]:
    """Locked versions by package; some have one for each range of Pythons."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", lock, re.MULTILINE):
        found.setdefault(canonicalize_name(name), set()).add(version)
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_index(root: Path, name: str) -> None:
    lock = (root / "requirements" / f"{name}.txt").read_text("utf-8")

    hosts = re.findall(r"\S*://\S+|^--\S*(?:index|links)\S*", lock, re.MULTILINE)

    assert not hosts, f"{hosts}; remedy: make lock, which leaves the index to each machine"


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_every_package_by_hash(root: Path, name: str) -> None:
    lock = (root / "requirements" / f"{name}.txt").read_text("utf-8")

    bare = [
        entry.split()[0]
        for entry in re.split(r"\n(?=\w)", lock.replace("\\\n", ""))
        if "==" in entry and "--hash=sha256:" not in entry
    ]

    assert not bare, f"{bare}; remedy: make lock"


def test_the_locks_agree_on_every_version(root: Path) -> None:
    run, dev, build = (
        pinned((root / "requirements" / f"{name}.txt").read_text("utf-8"))
        for name in ("run", "dev", "build")
    )

    apart = [
        name
        for lock in (run, build)
        for name, versions in lock.items()
        if name in dev and versions != dev[name]
    ]

    assert not apart, f"{apart}; remedy: make lock, which constrains each by dev.txt"


@pytest.mark.parametrize("name", ["run", "dev"])
def test_a_lock_holds_what_the_project_asks_for(root: Path, name: str) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    asked = project["dependencies"] + [one for extra in RUN_EXTRAS for one in extras[extra]]
    asked += [one for many in extras.values() for one in many] if name == "dev" else []
    locked = pinned((root / "requirements" / f"{name}.txt").read_text("utf-8"))

    missing = [
        text
        for text in asked
        if not any(
            version in Requirement(text).specifier
            for version in locked.get(canonicalize_name(Requirement(text).name), ())
        )
    ]

    assert not missing, f"{missing} not in requirements/{name}.txt; remedy: make lock"
