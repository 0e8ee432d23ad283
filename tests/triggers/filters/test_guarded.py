"""Events about headrace itself reach only who asks for them by name."""

from typing import Any

import pytest

from tests.triggers.workshop import event
from triggers.filters.build import build_filter
from triggers.filters.explanation import explain
from triggers.filters.guarded import Guarded
from triggers.filters.index import FilterIndex

OPENED = "dev.headrace.system.deadletter.opened"
ASKING: list[list[dict[str, Any]]] = [
    [{"exact": {"type": OPENED}}],
    [{"prefix": {"type": "dev.headrace.system."}}],
    [{"any": [{"exact": {"type": OPENED}}, {"exact": {"source": "/s"}}]}],
    [{"exact": {"source": "/s"}}, {"prefix": {"type": "dev.headrace.system.dead"}}],
    [{"cesql": f"type = '{OPENED}'"}],
]
TAKING_MORE: list[list[dict[str, Any]]] = [
    [],
    [{"exact": {"source": "/s"}}],
    [{"prefix": {"type": "dev."}}],
    [{"suffix": {"type": ".opened"}}],
    [{"not": {"exact": {"type": "dev.headrace.system.other"}}}],
    [{"cesql": "TRUE"}],
]


@pytest.mark.parametrize("filters", ASKING, ids=str)
def test_who_names_a_type_of_headrace_gets_it(filters: list[dict[str, Any]]) -> None:
    about = event(1, type=OPENED)

    assert build_filter(filters).matches(about)
    assert explain(filters, None, about).matched


@pytest.mark.parametrize("filters", TAKING_MORE, ids=str)
def test_who_takes_more_than_that_does_not(filters: list[dict[str, Any]]) -> None:
    about, other = event(1, type=OPENED), event(2, type="dev.other.opened")

    built = build_filter(filters)
    explained = explain(filters, None, about)

    assert (built.matches(about), built.matches(other)) == (False, True)
    assert (explained.matched, explained.deciding.path) == (False, "type")


def test_the_legacy_filter_by_type_names_it_too() -> None:
    assert build_filter([], {"type": OPENED}).matches(event(1, type=OPENED))
    assert not build_filter([], {"source": "/s"}).matches(event(1, type=OPENED))


def test_the_index_says_what_the_filters_say() -> None:
    index: FilterIndex[int] = FilterIndex()
    for number, filters in enumerate([*ASKING, *TAKING_MORE]):
        index.add(number, build_filter(filters))

    assert index.match(event(1, type=OPENED)) == list(range(len(ASKING)))

    index.remove(0)
    assert index.match(event(1, type=OPENED)) == list(range(1, len(ASKING)))


def test_a_filter_for_other_types_needs_no_guard() -> None:
    assert not isinstance(build_filter([{"exact": {"type": "order.placed"}}]), Guarded)
    assert not isinstance(build_filter([{"prefix": {"type": "order."}}]), Guarded)
