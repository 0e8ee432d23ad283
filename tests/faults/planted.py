"""Known bugs, planted one at a time in a copy of the tree: the tests named must turn red.

Run by `make planted`. A bug that no test finds is a hole in the suite; an edit whose source
is gone fails loudly, so that this list moves with the code.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = ("broker", "sources", "triggers", "sinks", "deploy", "tests", "pyproject.toml")
RUN_SECONDS_MAX = 300.0
RED = 1  # pytest's exit status for failed tests; 2 and more are its own troubles

WRITER = "broker/storage/sqlite/writer.py"
TRANSACTION = "broker/storage/sqlite/transaction.py"
LEDGER = "triggers/ledger.py"
CONSERVATION = "tests/scenarios/test_conservation.py"
POWER_CUT = "tests/faults/test_power_cut.py"


@dataclass(frozen=True, slots=True)
class Edit:
    """`before` stands exactly once in the file and becomes `after`."""

    path: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Bug:
    """What is done wrong, how, and the tests that must notice."""

    name: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]


BUGS = (
    Bug(
        "answer before commit",
        (
            Edit(
                WRITER,
                "self.transaction.write(group, self._position)",
                "self.transaction.write(group, self._position, self._answers)",
            ),
            Edit(WRITER, "        self._answers.committed(group, written)\n", ""),
            Edit(
                TRANSACTION,
                "def write(self, group: Group, position: Position) -> Written:",
                "def write(self, group, position, answers):",
            ),
            Edit(
                TRANSACTION,
                "        self.commit()\n        self._reach_after",
                "        answers.committed(group, written)\n"
                "        self.commit()\n        self._reach_after",
            ),
        ),
        (POWER_CUT,),
    ),
    Bug(
        "synchronous=NORMAL",
        (
            Edit(
                "broker/storage/sqlite/connection.py",
                'connection.pragma("synchronous", options.synchronous)',
                'connection.pragma("synchronous", "NORMAL")',
            ),
        ),
        (POWER_CUT,),
    ),
    Bug(
        "dead letter apart from the end of its retries",
        (
            Edit(
                LEDGER,
                "        self.dead_letters: list[DeadLetter] = []\n",
                '        self.late_letters = getattr(self, "dead_letters", [])\n'
                "        self.dead_letters: list[DeadLetter] = []\n",
            ),
            Edit(
                LEDGER,
                "dead_letters=tuple(self.dead_letters)",
                "dead_letters=tuple(self.late_letters)",
            ),
            Edit(LEDGER, "or self.has_moved\n", "or self.has_moved or self.late_letters\n"),
        ),
        (CONSERVATION,),
    ),
    Bug(
        "reply apart from the settlement",
        (
            Edit(
                LEDGER,
                "        self.replies: list[Reply] = []\n",
                '        self.late_replies = getattr(self, "replies", [])\n'
                "        self.replies: list[Reply] = []\n",
            ),
            Edit(LEDGER, "replies=tuple(self.replies)", "replies=tuple(self.late_replies)"),
            Edit(LEDGER, "or self.has_moved\n", "or self.has_moved or self.late_replies\n"),
        ),
        (CONSERVATION,),
    ),
    Bug(
        "second writer allowed",
        (
            Edit(
                "broker/storage/sqlite/ownership.py",
                "fcntl.LOCK_EX | fcntl.LOCK_NB",
                "fcntl.LOCK_SH | fcntl.LOCK_NB",
            ),
        ),
        ("tests/contracts/test_storage_ownership.py",),
    ),
    Bug(
        "cursor past an unfinished delivery",
        (
            Edit(
                "triggers/lane.py",
                "return Cursor(self.name, first - 1, (*ranges, *self._skip_beyond(end)))",
                "return Cursor(self.name, end, self._skip_beyond(end))",
            ),
        ),
        (CONSERVATION,),
    ),
)


class Unplantable(Exception):
    """The source is not what the bug was written for; adapt its edits in this file."""


def plant(bug: Bug, tree: Path) -> None:
    """Apply all edits of `bug` below `tree`. Raises Unplantable."""
    for edit in bug.edits:
        path = tree / edit.path
        text = path.read_text("utf-8")
        if text.count(edit.before) != 1:
            raise Unplantable(
                f"{bug.name}: {edit.path} holds {text.count(edit.before)} times: {edit.before!r}"
            )
        path.write_text(text.replace(edit.before, edit.after), "utf-8")


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
    environment = os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(
        command,
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS_MAX,
        stdin=subprocess.DEVNULL,
    )
    return done.returncode, done.stdout + done.stderr


def is_caught(bug: Bug, folder: Path) -> tuple[bool, str]:
    """Whether the tests of `bug` turn red once it is planted in a copy at `folder`."""
    copy_tree(folder)
    plant(bug, folder)
    status, output = run_tests(folder, bug.tests)
    return status == RED, output


def main() -> int:
    """First without a bug, since red means nothing where it is always red."""
    missed = 0
    with tempfile.TemporaryDirectory(prefix="headrace-planted-") as scratch:
        for tests in {bug.tests: None for bug in BUGS}:
            folder = Path(scratch, f"sound-{abs(hash(tests))}")
            copy_tree(folder)
            status, output = run_tests(folder, tests)
            if status != 0:
                print(f"red without any bug: {' '.join(tests)}\n{output[-4000:]}")
                return 1
        for number, bug in enumerate(BUGS):
            caught, output = is_caught(bug, Path(scratch, f"bug-{number}"))
            print(f"{'caught' if caught else 'MISSED'}: {bug.name}", flush=True)
            if not caught:
                print(output[-4000:])
                missed += 1
    print(f"{len(BUGS) - missed} of {len(BUGS)} planted bugs were caught")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
