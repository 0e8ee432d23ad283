"""What cannot be a filter is refused where it is written, with the remedy."""

from typing import Any

import pytest

from broker.errors import InvalidFilter
from triggers.filters.build import build_filter, mistakes


@pytest.mark.parametrize(
    ("element", "where", "what"),
    [
        ({}, "filters[0]", "names no dialect"),
        (None, "filters[0]", "names no dialect"),
        ("type = 'a'", "filters[0]", "names no dialect"),
        ({"exact": {"type": "a"}, "prefix": {"type": "a"}}, "filters[0]", "several dialects"),
        ({"regex": {"type": "a"}}, "filters[0].regex", "is no dialect"),
        ({True: {}}, "filters[0].True", "is no dialect"),
        ({"exact": {}}, "filters[0].exact", "names no attribute"),
        ({"exact": None}, "filters[0].exact", "names no attribute"),
        ({"exact": ["type"]}, "filters[0].exact", "names no attribute"),
        ({"exact": {"type": ""}}, "filters[0].exact.type", "is empty"),
        ({"prefix": {"type": ""}}, "filters[0].prefix.type", "is empty"),
        ({"suffix": {"n": 5}}, "filters[0].suffix.n", "is 5, no text"),
        ({"exact": {"ready": True}}, "filters[0].exact.ready", "is true, no text"),
        ({"exact": {"type": None}}, "filters[0].exact.type", "is empty, no text"),
        ({"exact": {"Type": "a"}}, "filters[0].exact", "'Type' is no attribute name"),
        ({"exact": {"my_name": "a"}}, "filters[0].exact", "'my_name' is no attribute name"),
        ({"exact": {5: "a"}}, "filters[0].exact", "5 is no attribute name"),
        ({"exact": {"data": "a"}}, "filters[0].exact.data", "data is no attribute"),
        ({"all": []}, "filters[0].all", "is no list of filters"),
        ({"any": {"exact": {"type": "a"}}}, "filters[0].any", "is no list of filters"),
        ({"any": [{"exact": {"type": "a"}}, {}]}, "filters[0].any[1]", "names no dialect"),
        ({"not": []}, "filters[0].not", "names no dialect"),
        ({"not": {"all": [{"exact": {}}]}}, "filters[0].not.all[0].exact", "names no attribute"),
        ({"cesql": ""}, "filters[0].cesql", "the expression is empty"),
        ({"cesql": True}, "filters[0].cesql", "is true, no text"),
        ({"cesql": "subject"}, "filters[0].cesql", "gives String"),
    ],
)
def test_a_mistake_is_refused_where_it_is(element: Any, where: str, what: str) -> None:
    with pytest.raises(InvalidFilter) as refused:
        build_filter([element])

    assert refused.value.where == where
    assert what in refused.value.what
    assert refused.value.remedy


@pytest.mark.parametrize(
    ("filters", "attributes", "where"),
    [
        ({"exact": {"type": "a"}}, None, "filters"),
        ("type", None, "filters"),
        ([], ["type"], "filter.attributes"),
        ([], {"type": 5}, "filter.attributes.type"),
        ([], {"Type": "a"}, "filter.attributes"),
    ],
)
def test_what_is_no_list_or_no_map_is_refused(filters: Any, attributes: Any, where: str) -> None:
    with pytest.raises(InvalidFilter) as refused:
        build_filter(filters, attributes)

    assert refused.value.where == where


def test_a_mistake_in_an_expression_names_the_column() -> None:
    with pytest.raises(InvalidFilter) as refused:
        build_filter([{"exact": {"type": "a"}}, {"cesql": "type = 'a' AND NOSUCH(1)"}])

    assert (refused.value.where, refused.value.column) == ("filters[1].cesql", 16)
    assert refused.value.code == "cesql-missing-function"


def test_all_mistakes_are_told_in_their_order() -> None:
    filters: list[dict[str, Any]] = [
        {},
        {"any": [{"exact": {"type": "", "n": 1}}, {"cesql": "("}]},
        {"cesql": "TRUE"},
    ]

    found = mistakes(filters, {"UPPER": "x"})

    assert [mistake.where for mistake in found] == [
        "filter.attributes",
        "filters[0]",
        "filters[1].any[0].exact.type",
        "filters[1].any[0].exact.n",
        "filters[1].any[1].cesql",
    ]


def test_good_filters_have_no_mistakes() -> None:
    assert mistakes([{"cesql": "TRUE"}], {"type": ""}) == []


def test_nesting_is_bounded() -> None:
    element: dict[str, Any] = {"exact": {"type": "a"}}
    for _ in range(31):
        element = {"not": element}
    build_filter([element])

    with pytest.raises(InvalidFilter, match="nested deeper than 32"):
        build_filter([{"not": element}])
