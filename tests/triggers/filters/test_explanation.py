"""Explanations: which clause decided, what it saw, and that they never contradict the filter."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.errors import InvalidFilter
from broker.event import Event
from tests.triggers.filters.conftest import MakeEvent
from triggers.filters.build import build_filter
from triggers.filters.explanation import explain

NAMES = st.sampled_from(["type", "source", "subject", "color"])
VALUES = st.sampled_from(["a", "ab", "b", "ba", "7", "true"])
LEAVES = st.builds(
    lambda kind, asked: {kind: asked},
    st.sampled_from(["exact", "prefix", "suffix"]),
    st.dictionaries(NAMES, VALUES, min_size=1, max_size=3),
)
EXPRESSIONS = st.sampled_from(
    [
        "type = 'a'", "EXISTS color", "NOT EXISTS color AND subject LIKE 'a%'", "color > 5",
        "type IN ('a', 'b') OR source = 'ab'", "INT(color) + 1 = 8 XOR color = TRUE",
        "LENGTH(subject) = 2 AND UPPER(type) = 'AB'", "1 / color = 0 OR type = 'a'",
        "(color = TRUE OR color = 7) AND NOT (type = 'b')", "color LIKE '_' OR color = 'true'",
    ]
)  # fmt: skip
ELEMENTS = st.recursive(
    LEAVES | st.builds(lambda text: {"cesql": text}, EXPRESSIONS),
    lambda inner: (
        st.builds(
            lambda kind, parts: {kind: parts},
            st.sampled_from(["all", "any"]),
            st.lists(inner, min_size=1, max_size=3),
        )
        | st.builds(lambda part: {"not": part}, inner)
    ),
    max_leaves=6,
)
EVENTS = st.dictionaries(st.sampled_from(["subject", "color"]), VALUES).flatmap(
    lambda more: st.builds(
        lambda kind, source: Event(
            {"specversion": "1.0", "id": "1", "type": kind, "source": source, **more}, None, b""
        ),
        VALUES,
        VALUES,
    )
)


@given(st.lists(ELEMENTS, max_size=3), EVENTS)
def test_an_explanation_agrees_with_the_filter(filters: list[Any], event: Event) -> None:
    explanation = explain(filters, None, event)

    assert explanation.matched == build_filter(filters).matches(event)
    assert explanation.root.holds == explanation.matched


@given(st.dictionaries(NAMES, VALUES | st.just(""), max_size=3), EVENTS)
def test_an_explanation_agrees_with_legacy_attributes(
    attributes: dict[str, str], event: Event
) -> None:
    explanation = explain((), attributes, event)

    assert explanation.matched == build_filter((), attributes).matches(event)


@pytest.mark.parametrize(
    ("filters", "path", "asks"),
    [
        ([{"exact": {"type": "t"}}, {"prefix": {"source": "/x"}}],
         "filters[1].prefix.source", "source begins with '/x'"),
        ([{"any": [{"exact": {"type": "x"}}, {"suffix": {"source": "s"}}]}],
         "filters[0].any[1].suffix.source", "source ends with 's'"),
        ([{"not": {"exact": {"type": "t"}}}], "filters[0].not.exact.type", "type is 't'"),
        ([{"exact": {"type": "t", "subject": "s"}}],
         "filters[0].exact.subject", "subject is 's'"),
        ([{"all": [{"cesql": "type = 't' AND EXISTS color"}]}],
         "filters[0].all[0].cesql:16", "EXISTS color"),
    ],
)  # fmt: skip
def test_the_clause_that_decides_is_named_by_its_path(
    make_event: MakeEvent, filters: Any, path: str, asks: str
) -> None:
    deciding = explain(filters, None, make_event()).deciding

    assert (deciding.path, deciding.asks) == (path, asks)


def test_where_several_clauses_share_the_decision_none_of_them_is_named(
    make_event: MakeEvent,
) -> None:
    filters = [{"exact": {"type": "t"}}, {"exact": {"source": "/s"}}]

    explanation = explain(filters, None, make_event())

    assert explanation.deciding is explanation.root
    assert [part.holds for part in explanation.root.parts] == [True, True]


def test_a_clause_shows_the_value_that_it_saw(make_event: MakeEvent) -> None:
    filters = [{"exact": {"type": "x"}}, {"exact": {"subject": "y"}}]

    parts = explain(filters, None, make_event(type="t")).root.parts

    assert [part.seen for part in parts] == [(("type", "t"),), (("subject", None),)]


def test_every_subexpression_shows_its_value(make_event: MakeEvent) -> None:
    text = "LENGTH(subject) = 3 AND INT(color) > 5"

    clause = explain([{"cesql": text}], None, make_event(subject="abc", color="red")).root

    (cesql,) = clause.parts
    length, color = cesql.parts
    assert (length.asks, length.value, length.parts[0].value) == ("LENGTH(subject) = 3", True, 3)
    assert (color.value, color.errors) == (False, ("cast",))


def test_what_a_disjunction_left_out_is_said_to_be_left_out(make_event: MakeEvent) -> None:
    clause = explain([{"cesql": "type = 't' OR color = 'x'"}], None, make_event(type="t")).root

    asked = [part.was_asked for part in clause.parts[0].parts]

    assert asked == [True, False]


def test_no_filter_matches_everything(make_event: MakeEvent) -> None:
    explanation = explain((), None, make_event())

    assert (explanation.matched, explanation.root.path) == (True, "filters")


def test_a_bad_filter_is_refused_as_by_a_trigger(make_event: MakeEvent) -> None:
    with pytest.raises(InvalidFilter) as refused:
        explain([{"cesql": "type ="}], None, make_event())

    assert refused.value.column == 7
