"""Known bugs, planted one at a time in a copy of the tree: the tests named must turn red.

Run by `make planted`. A bug that no test finds is a hole in the suite; an edit whose source
is gone fails loudly, so that the lists in `tests/faults/bugs` move with the code.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import cache_from_source
from pathlib import Path
from typing import TypeVar

from tests.faults.bugs.access import ACCESS
from tests.faults.bugs.acts import ACTS
from tests.faults.bugs.bug import Bug
from tests.faults.bugs.delivery import DELIVERY
from tests.faults.bugs.redrives import REDRIVES
from tests.faults.bugs.sources import SOURCES
from tests.faults.bugs.store import STORE

One = TypeVar("One")

ROOT = Path(__file__).parents[2]
COPIED = ("broker", "sources", "triggers", "sinks", "deploy", "tests", "pyproject.toml")
RUN_SECONDS_MAX = 150.0  # tests wait a minute for what never comes
NOT_NEEDED = ("cacheprovider", "schemathesis")  # half of what pytest takes to start
AT_ONCE = 2  # each in a tree of its own
RED = 1  # pytest's exit status for failed tests; 2 and more are its own troubles
OVERDUE = -1  # a test that waits for ever has noticed nothing: nobody is told which claim broke

BUGS: tuple[Bug, ...] = (*STORE, *DELIVERY, *ACTS, *REDRIVES, *ACCESS, *SOURCES)


class Unplantable(Exception):
    """The source is not what the bug was written for; adapt its edits in `tests/faults/bugs`."""


def planted(bug: Bug, tree: Path) -> dict[str, str]:
    """The files of `tree` that `bug` changes, by path, with all its edits. Raises Unplantable."""
    texts: dict[str, str] = {}
    for edit in bug.edits:
        text = texts.get(edit.path) or (tree / edit.path).read_text("utf-8")
        if text.count(edit.before) != 1:
            raise Unplantable(
                f"{bug.name}: {edit.path} holds {text.count(edit.before)} times: {edit.before!r}"
            )
        texts[edit.path] = text.replace(edit.before, edit.after)
    return texts


def copy_tree(to: Path) -> None:
    """What tests need of this tree, without caches."""
    for name in COPIED:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, to / name, ignore=ignored)
        else:
            shutil.copy2(ROOT / name, to / name)


def run_tests(tree: Path, tests: Sequence[str]) -> tuple[int, str]:
    """pytest's exit status and output for `tests` against the packages in `tree`."""
    # Subprocesses of the tests must find the copy too, before the installed original.
    environment = os.environ | {"PYTHONPATH": str(tree)}
    without = [word for name in NOT_NEEDED for word in ("-p", f"no:{name}")]
    command = [sys.executable, "-m", "pytest", "-x", "-q", *without, *tests]
    try:
        done = subprocess.run(
            command,
            cwd=tree,
            env=environment,
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS_MAX,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return OVERDUE, f"no end within {RUN_SECONDS_MAX:g} s: {' '.join(tests)}"
    return done.returncode, done.stdout + done.stderr


def is_caught(bug: Bug, tree: Path) -> tuple[bool, str]:
    """Whether the tests of `bug` turn red while it is planted in the copy at `tree`."""
    changed = planted(bug, tree)
    sound = {path: (tree / path).read_text("utf-8") for path in changed}
    write(tree, changed)
    try:
        status, output = run_tests(tree, bug.tests)
    finally:
        write(tree, sound)
    return status == RED, output


def write(tree: Path, texts: Mapping[str, str]) -> None:
    """Put `texts` at their paths, and leave nothing compiled of what was there before."""
    for path, text in texts.items():
        (tree / path).write_text(text, "utf-8")
        Path(cache_from_source(str(tree / path))).unlink(missing_ok=True)


def count_caught(bugs: Sequence[Bug], tree: Path) -> int:
    """How many of them their tests see; each is told as soon as it is known."""
    count = 0
    for bug in bugs:
        try:
            caught, output = is_caught(bug, tree)
        except Unplantable as error:
            caught, output = False, str(error)
        print(f"{'caught' if caught else 'MISSED'}: {bug.name}", flush=True)
        if not caught:
            print(output[-4000:])
        count += caught
    return count


def in_shares(all_: Sequence[One]) -> list[Sequence[One]]:
    """One for each tree; none is empty while there are enough, for pytest would refuse."""
    return [share for number in range(AT_ONCE) if (share := all_[number::AT_ONCE])]


def main(words: Sequence[str] = ()) -> int:
    """All bugs, or those whose name has one of `words` in it.

    First without a bug, since red means nothing where it is always red.
    """
    bugs = [bug for bug in BUGS if not words or any(word in bug.name for word in words)]
    if not bugs:
        print(f"no bug has one of these in its name: {' '.join(words)}")
        return 2
    tests = sorted({test for bug in bugs for test in bug.tests})
    with tempfile.TemporaryDirectory(prefix="headrace-planted-") as scratch:
        trees = [Path(scratch, f"tree-{number}") for number in range(AT_ONCE)]
        for tree in trees:
            copy_tree(tree)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for status, output in pool.map(run_tests, trees, in_shares(tests)):
                if status != 0:
                    print(f"red without any bug:\n{output[-4000:]}")
                    return 1
            caught = sum(pool.map(count_caught, in_shares(bugs), trees))
    print(f"{caught} of {len(bugs)} planted bugs were caught")
    return 0 if caught == len(bugs) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
