"""Paths as text that an event may carry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.codec import make_event
from sources.folder.naming import path_of, shown, subject_of

names = st.binary(min_size=1, max_size=40).map(lambda name: name.decode("utf-8", "surrogateescape"))


@pytest.mark.parametrize(
    ("path", "subject"),
    [
        ("in/a b.csv", "in/a b.csv"),
        ("bücher/ä.txt", "bücher/ä.txt"),
        ("100%.csv", "100%25.csv"),
        ("a\nb", "a%0Ab"),
        ("a\udcffb", "a%FFb"),
    ],
)
def test_only_what_text_cannot_hold_is_encoded(path: str, subject: str) -> None:
    assert subject_of(path) == subject


@given(names | st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_every_name_is_a_subject_and_comes_back(path: str) -> None:
    subject = subject_of(path)

    event = make_event(
        {"specversion": "1.0", "id": "1", "source": "/a", "type": "a", "subject": subject}, None
    )

    assert path_of(event.attributes["subject"]) == path


def test_people_see_replacement_characters() -> None:
    assert shown("a\udcff%") == "a\N{REPLACEMENT CHARACTER}%"
