"""The planted bugs can still be planted, and some quick ones are caught here and now."""

from collections import Counter
from pathlib import Path

import pytest

from tests.faults.bugs.bug import Bug
from tests.faults.planted import BUGS, ROOT, copy_tree, is_caught, planted

QUICK = ("second writer allowed", "cursor past an unfinished delivery", "a route without a role")


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_still_fits_the_source(bug: Bug) -> None:
    texts = planted(bug, ROOT)

    for path, text in texts.items():
        compile(text, path, "exec")


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_the_tests_that_a_planted_bug_names_are_there(bug: Bug) -> None:
    for named in bug.tests:
        path, _, name = named.partition("::")
        text = (ROOT / path).read_text("utf-8")

        assert not name or f"def {name.partition('[')[0]}(" in text, f"{path} has no {name}"


def test_each_planted_bug_has_a_name_of_its_own() -> None:
    names = Counter(bug.name for bug in BUGS)

    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("name", QUICK)
def test_a_planted_bug_is_caught(name: str, tmp_path: Path) -> None:
    (bug,) = [bug for bug in BUGS if bug.name == name]
    copy_tree(tmp_path)

    caught, output = is_caught(bug, tmp_path)

    assert caught, output[-4000:]
