import pytest

from broker.errors import Invalid
from sinks.inference.template import Template

ATTRIBUTES = {"subject": "a b/c", "id": "7"}
CONFIGURED = frozenset({"model"})


def filled(text: str, *, in_url: bool = False) -> str:
    data = {"text": "hi", "n": 3, "list": []}
    return Template(text, CONFIGURED, in_url=in_url).fill(ATTRIBUTES, data, {"model": "iris"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("/{model}/{{ id }}", "/iris/7"),
        ("{{subject}}-{{ data/text }}-{{ data/n }}", "a b/c-hi-3"),
    ],
)
def test_places_are_filled(text: str, expected: str) -> None:
    assert filled(text) == expected


def test_in_a_url_a_value_is_one_segment() -> None:
    assert filled("/x/{{ subject }}", in_url=True) == "/x/a%20b%2Fc"


@pytest.mark.parametrize("text", ["{{ type }}", "{{ data/none }}", "{{ data/list }}"])
def test_a_missing_value_names_what_is_missing(text: str) -> None:
    with pytest.raises(Invalid) as raised:
        filled(text)

    assert raised.value.code == "missing-field"


@pytest.mark.parametrize("text", ["{other}", "{{ Subject }}", "{{ }}", "{{ a.b }}"])
def test_a_place_for_nothing_is_refused_when_compiled(text: str) -> None:
    with pytest.raises(Invalid) as raised:
        Template(text, CONFIGURED)

    assert raised.value.code == "invalid-template"
