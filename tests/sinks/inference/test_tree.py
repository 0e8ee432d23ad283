from typing import Any

import pytest

from broker.errors import Invalid
from sinks.inference.tree import Tree


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{{ data/list }}", [1, 2]),
        ("{{ data }}", {"list": [1, 2], "word": "rose"}),
        ("a {{ data/word }} of {{ subject }}", "a rose of Ada"),
        ({"deep": [{"word": "{{ data/word }}"}, 3, None, True]},
         {"deep": [{"word": "rose"}, 3, None, True]}),
    ],
)  # fmt: skip
def test_a_leaf_that_is_one_place_becomes_the_value_itself(written: Any, expected: Any) -> None:
    data = {"list": [1, 2], "word": "rose"}

    assert Tree(written).fill({"subject": "Ada"}, data) == expected


def test_what_is_missing_is_the_event_s_fault() -> None:
    with pytest.raises(Invalid) as raised:
        Tree({"a": ["{{ data/other }}"]}).fill({}, {})

    assert raised.value.code == "missing-field"


def test_a_leaf_that_can_mean_nothing_is_refused_when_made() -> None:
    with pytest.raises(Invalid) as raised:
        Tree({"a": ["{{ a.b }}"]})

    assert raised.value.code == "invalid-template"
