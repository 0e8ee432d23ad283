"""How long imports that were looked at are kept, and how many."""

from datetime import timedelta

import pytest

from broker.errors import Conflict, Invalid
from deploy.admin.import_lines import Lines
from deploy.admin.import_plan import KEPT, SLICES_MAX, ImportPlan, Standing, chained
from deploy.admin.imports import IMPORTS_MAX, Imports
from tests.deploy.set_clock import SetClock

NOTHING = Lines((), (), 0)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


def test_an_import_is_kept_for_an_hour_after_its_last_use(clock: SetClock) -> None:
    imports = Imports(clock)
    plan = imports.put(imports.begin("default/b", "ann"))

    clock.seconds += KEPT.total_seconds() - 1
    imports.put(imports.find(plan.id))
    clock.seconds += KEPT.total_seconds() - 1

    assert imports.find(plan.id).made_at == plan.made_at
    clock.seconds += 1
    with pytest.raises(Invalid, match="kept for an hour"):
        imports.find(plan.id)


def test_of_too_many_the_one_that_was_used_longest_ago_goes(clock: SetClock) -> None:
    imports = Imports(clock)
    first, second = (imports.put(imports.begin("default/b", "ann")).id for _ in range(2))

    imports.put(imports.find(first))
    for _ in range(IMPORTS_MAX - 1):
        imports.put(imports.begin("default/b", "ann"))

    assert imports.find(first)
    with pytest.raises(Invalid):
        imports.find(second)


def test_an_import_takes_so_many_slices_and_no_more(clock: SetClock) -> None:
    plan = Imports(clock).begin("default/b", "ann")

    for line in range(1, SLICES_MAX + 1):
        plan.check_next(line)
        plan = plan.looked(line, ["{}"], NOTHING, Standing())

    with pytest.raises(Invalid, match="at most"):
        plan.check_next(SLICES_MAX + 1)


def test_the_content_is_that_of_the_lines_and_not_of_their_slices() -> None:
    whole = chained(b"", ["a", "b", "c"])

    assert chained(chained(b"", ["a\n", ""]), ["b", "c\r\n"]) == whole
    assert chained(b"", ["ab", "c"]) != whole
    assert chained(b"", ["b", "a", "c"]) != whole
    assert chained(b"", ["\ud800"]) != chained(b"", [])


def test_an_import_begins_with_the_first_line(clock: SetClock) -> None:
    plan: ImportPlan = Imports(clock).begin("default/b", "ann")

    with pytest.raises(Conflict, match="is 1, not 2"):
        plan.check_next(2)
    assert plan.valid_until - plan.made_at == timedelta(hours=1)
