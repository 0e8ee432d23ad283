"""The planted bugs can still be planted, and two quick ones are caught here and now."""

from pathlib import Path

import pytest

from tests.faults.planted import BUGS, Bug, copy_tree, is_caught, plant

QUICK = ("second writer allowed", "cursor past an unfinished delivery")


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_still_fits_the_source(bug: Bug, tmp_path: Path) -> None:
    copy_tree(tmp_path)

    plant(bug, tmp_path)

    for edit in bug.edits:
        compile((tmp_path / edit.path).read_text("utf-8"), edit.path, "exec")


@pytest.mark.parametrize("name", QUICK)
def test_a_planted_bug_is_caught(name: str, tmp_path: Path) -> None:
    (bug,) = [bug for bug in BUGS if bug.name == name]

    caught, output = is_caught(bug, tmp_path)

    assert caught, output[-4000:]
