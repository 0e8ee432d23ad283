"""exact, prefix, suffix, all, any, not and the legacy attributes."""

from collections.abc import Callable
from typing import Any

import pytest

from broker.event import Event
from triggers.filters.build import build_filter
from triggers.filters.filter import Key
from triggers.filters.guarded import Guarded

MakeEvent = Callable[..., Event]

FLOWER = {"type": "com.example.flower.picked", "subject": "iris", "n": "5", "empty": ""}


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        ({"exact": {"type": "com.example.flower.picked"}}, True),
        ({"exact": {"type": "com.example.flower"}}, False),
        ({"exact": {"subject": "iris", "n": "5"}}, True),
        ({"exact": {"subject": "iris", "n": "6"}}, False),
        ({"exact": {"missing": "a"}}, False),
        ({"prefix": {"type": "com.example."}}, True),
        ({"prefix": {"type": "example."}}, False),
        ({"prefix": {"subject": "ir", "type": "com."}}, True),
        ({"prefix": {"subject": "irises"}}, False),
        ({"prefix": {"missing": "a"}}, False),
        ({"prefix": {"empty": "a"}}, False),
        ({"suffix": {"type": ".picked"}}, True),
        ({"suffix": {"type": ".dropped"}}, False),
        ({"suffix": {"missing": "a"}}, False),
        ({"all": [{"exact": {"subject": "iris"}}, {"suffix": {"type": ".picked"}}]}, True),
        ({"all": [{"exact": {"subject": "iris"}}, {"suffix": {"type": ".x"}}]}, False),
        ({"any": [{"exact": {"subject": "rose"}}, {"suffix": {"type": ".picked"}}]}, True),
        ({"any": [{"exact": {"subject": "rose"}}, {"suffix": {"type": ".x"}}]}, False),
        ({"not": {"exact": {"subject": "iris"}}}, False),
        ({"not": {"exact": {"subject": "rose"}}}, True),
        ({"not": {"exact": {"missing": "a"}}}, True),
        ({"not": {"cesql": "missing = 'a'"}}, True),
        ({"cesql": "INT(n) > 4 AND EXISTS subject"}, True),
        ({"cesql": "n > 5"}, False),
        ({"any": [{"all": [{"not": {"prefix": {"n": "6"}}}]}]}, True),
    ],
)
def test_an_element_matches_what_its_dialect_says(
    make_event: MakeEvent, element: dict[str, Any], expected: bool
) -> None:
    built = build_filter([element])

    assert built.matches(make_event(**FLOWER)) is expected


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({}, True),
        ({"type": "com.example.flower.picked", "subject": "iris"}, True),
        ({"type": "com.example.flower.picked", "subject": "rose"}, False),
        ({"type": "", "subject": ""}, True),
        ({"empty": ""}, True),
        ({"missing": ""}, False),
        ({"missing": "a"}, False),
    ],
)
def test_legacy_attributes_are_the_value_or_only_there(
    make_event: MakeEvent, attributes: dict[str, str], expected: bool
) -> None:
    built = build_filter([], attributes)

    assert built.matches(make_event(**FLOWER)) is expected


def test_elements_of_the_list_are_anded(make_event: MakeEvent) -> None:
    built = build_filter([{"exact": {"subject": "iris"}}, {"cesql": "n = 6"}])

    assert built.matches(make_event(**FLOWER)) is False
    assert built.matches(make_event(subject="iris", n="6")) is True


def test_no_filters_match_everything(make_event: MakeEvent) -> None:
    assert build_filter([]).matches(make_event()) is True
    assert build_filter([], {}).keys is None


def test_filters_take_the_place_of_legacy_attributes(make_event: MakeEvent) -> None:
    built = build_filter([{"exact": {"subject": "iris"}}], {"type": "other"})

    assert built.matches(make_event(**FLOWER)) is True


@pytest.mark.parametrize(
    ("element", "keys", "is_exact"),
    [
        ({"exact": {"type": "a"}}, (Key("type", "exact", "a"),), True),
        ({"prefix": {"type": "a"}}, (Key("type", "prefix", "a"),), True),
        ({"suffix": {"type": "a"}}, (Key("type", "suffix", "a"),), True),
        ({"exact": {"type": "a", "n": "1"}}, (Key("type", "exact", "a"),), False),
        ({"not": {"exact": {"type": "a"}}}, None, False),
        ({"any": [{"exact": {"type": "a"}}, {"not": {"exact": {"n": "1"}}}]}, None, False),
        (
            {"any": [{"exact": {"type": "a"}}, {"prefix": {"n": "1"}}]},
            (Key("type", "exact", "a"), Key("n", "prefix", "1")),
            True,
        ),
        ({"any": [{"cesql": "type = 'a' AND n > 1"}]}, (Key("type", "exact", "a"),), False),
    ],
)
def test_a_dialect_names_its_indexable_conditions(
    element: dict[str, Any], keys: tuple[Key, ...] | None, is_exact: bool
) -> None:
    built = build_filter([element])
    subject = built.subject if isinstance(built, Guarded) else built

    assert (built.keys, subject.exact_keys) == (keys, is_exact)
