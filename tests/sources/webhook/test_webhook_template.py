"""Templates: places found, filled, and refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.errors import Invalid
from sources.webhook.template import Place, Template


def test_places_are_filled_where_they_stand_and_the_rest_stays() -> None:
    template = Template("a.{{ header:X-Event }}-{{/b/0}}{c}")

    filled = template.fill({Place("header", "x-event"): "push", Place("pointer", "/b/0"): "7"}.get)

    assert filled == "a.push-7{c}"


def test_every_kind_of_place_is_known() -> None:
    template = Template("{{header:A}}{{form:a b}}{{/a~1b}}{{body-hash}}{{random}}")

    kinds = [place.kind for place in template.places]

    assert kinds == ["header", "form", "pointer", "body-hash", "random"]


@pytest.mark.parametrize("value", [None, ""])
def test_a_place_without_a_value_is_told_and_not_left_empty(value: str | None) -> None:
    template = Template("order-{{/id}}")

    filled = template.fill(lambda place: value)

    assert filled == Place("pointer", "/id")


@pytest.mark.parametrize(
    "text",
    [
        "{{", "}}", "{{}}", "{{id}}", "{{header:}}", "{{header:a b}}", "{{form:}}", "{{/a~2}}",
        "{{ {{/a}} }}", "{{/a", "{{data/a}}", "{{RANDOM}}",
    ],
)  # fmt: skip
def test_what_is_no_place_is_refused_with_those_there_are(text: str) -> None:
    with pytest.raises(Invalid) as raised:
        Template(text)

    assert raised.value.code == "invalid-template"
    assert "{{header:NAME}}" in str(raised.value.remedy)


@pytest.mark.parametrize("name", ["Authorization", "cookie", "Proxy-Authorization"])
def test_a_header_that_holds_a_secret_is_never_put_into_an_event(name: str) -> None:
    with pytest.raises(Invalid, match="secret"):
        Template(f"{{{{header:{name}}}}}")


@given(st.text(), st.text(min_size=1))
def test_a_text_without_places_stands_for_itself_and_any_other_is_refused(
    text: str, value: str
) -> None:
    try:
        template = Template(text)
    except Invalid:
        template = None

    assert template is None or template.places or template.fill(lambda place: value) == text
    assert template is not None or "{{" in text or "}}" in text
