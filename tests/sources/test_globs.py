"""Globs over names with slashes."""

import time

import pytest

from broker.errors import Invalid
from sources.globs import Glob


@pytest.mark.parametrize(
    ("glob", "name"),
    [
        ("*.csv", ".csv"),
        ("**/*.csv", "a.csv"),
        ("**/*.csv", "a/b/c.csv"),
        ("a/**", "a/b/c"),
        ("a/**", "a"),
        ("a/**/b", "a/b"),
        ("**/a/b", "a/a/b"),
        ("a/**/c/**/d", "a/x/c/c/y/d"),
        ("[!a]?", "bé"),
        ("[[]a[*]", "[a*"),
        ("a.b", "a.b"),
        ("**", "a/b"),
    ],
)
def test_a_glob_takes_a_name(glob: str, name: str) -> None:
    assert Glob(glob).matches(name)


@pytest.mark.parametrize(
    ("glob", "name"),
    [
        ("*.csv", "a/b.csv"),
        ("*.csv", "a.csvx"),
        ("a/**", "ab"),
        ("a/**/b", "a/xb"),
        ("a/**/c/**/d", "a/d"),
        ("a?b", "a/b"),
        ("a.b", "axb"),
        ("A", "a"),
    ],
)
def test_a_glob_leaves_other_names(glob: str, name: str) -> None:
    assert not Glob(glob).matches(name)


@pytest.mark.parametrize("text", ["", "/a", "a/", "a//b", "a" * 1_001])
def test_what_is_no_glob_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(Invalid, match="no glob") as caught:
        Glob(text)

    assert caught.value.remedy


@pytest.mark.parametrize(
    ("glob", "name"), [("*a" * 300 + "b", "a" * 5_000), ("**/a/" * 100 + "b", "a/" * 2_000 + "c")]
)
def test_no_name_takes_long(glob: str, name: str) -> None:
    begun = time.process_time()

    matches = Glob(glob).matches(name)

    assert not matches
    assert time.process_time() - begun < 1.0
