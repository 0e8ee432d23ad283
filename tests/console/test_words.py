"""Words for values: what cannot be seen is shown, and addresses stay on this listener."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from deploy.console.words import UNSEEN, ago, exact, link, named, number, size, span, visible

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        ("a\u202egnp.exe", "a\\u202egnp.exe"),
        ("a\x00b\x1b[31m", "a\\u0000b\\u001b[31m"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\ud800", "\\ud800"),
        ("plain ünïcode 日本\n\t", "plain ünïcode 日本\n\t"),
    ],
)
def test_what_has_no_sign_of_its_own_is_shown_by_its_number(hidden: str, shown: str) -> None:
    assert visible(hidden) == shown


@given(st.text())
def test_all_that_is_shown_can_be_seen(text: str) -> None:
    assert UNSEEN.search(visible(text)) is None


@given(st.text())
def test_a_field_that_sends_a_text_back_is_escaped_all_the_same(text: str) -> None:
    shown = exact(text)

    assert isinstance(shown, Markup)
    assert not set('<>"') & set(shown)


@given(st.text(max_size=50), st.text(max_size=50))
def test_no_name_leads_away_from_where_a_link_points(name: str, value: str) -> None:
    name, value = (one.encode("utf-8", "replace").decode() for one in (name, value))

    made = link("/triggers", name, query=value)

    assert made.startswith("/triggers/")
    assert made.isascii()
    assert not set("\"'<>\\ ") & set(made)
    assert made.count("?") <= 1


def test_a_name_in_a_namespace_is_two_parts_of_a_path() -> None:
    assert named("/triggers", "default/a b/c") == "/triggers/default/a%20b%2Fc"


def test_numbers_and_sizes_are_short() -> None:
    numbers = [number(value) for value in (0, 0.05, 1204333, 99.99, None)]
    sizes = [size(value) for value in (12, 2048, 5 << 30)]

    assert numbers == ["0", "0.05", "1\u202f204\u202f333", "99.99", "–"]
    assert sizes == ["12 B", "2.0 KiB", "5.0 GiB"]


def test_spans_and_ages_are_in_the_unit_that_one_would_say() -> None:
    spans = [span(value) for value in (0.085, 3.24, 42.0, 250.0, 11_520.0, 500_000.0)]
    ages = [ago(text, NOW) for text in ("2026-03-01T09:27:00Z", "2026-03-01T11:30:00Z", None)]

    assert spans == ["85 ms", "3.2 s", "42 s", "4 min", "3 h 12 min", "5 d"]
    assert ages == ["3 min ago", "in 2 h 0 min", "–"]
