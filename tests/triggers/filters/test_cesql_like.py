"""LIKE: the pattern's rules, what it is lowered to, and time that no pattern can stretch."""

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as some

from triggers.filters.cesql.like import Pattern


@pytest.mark.parametrize(
    ("pattern", "kind", "literal"),
    [
        ("", "exact", ""),
        ("abc", "exact", "abc"),
        (r"50\%", "exact", "50%"),
        (r"a\_b", "exact", "a_b"),
        (r"a\b", "exact", r"a\b"),
        ("%", "any", ""),
        ("%%%", "any", ""),
        ("abc%", "prefix", "abc"),
        ("%%abc", "suffix", "abc"),
        ("%abc%", "contains", "abc"),
        ("a%c", "general", ""),
        ("a_c", "general", ""),
        ("_%", "general", ""),
    ],
)
def test_a_pattern_is_lowered_to_the_cheapest_test(pattern: str, kind: str, literal: str) -> None:
    read = Pattern(pattern)

    assert (read.kind, read.literal) == (kind, literal)


@pytest.mark.parametrize(
    ("pattern", "head", "tail"),
    [("ab%cd", "ab", "cd"), ("a_b%c_d", "a", "d"), ("_a%b_", "", ""), ("a%_", "a", "")],
)
def test_a_pattern_tells_what_every_match_begins_and_ends_with(
    pattern: str, head: str, tail: str
) -> None:
    read = Pattern(pattern)

    assert (read.head, read.tail) == (head, tail)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("a%b%c", "abc", True),
        ("a%a", "a", False),
        ("%ab%ab%", "ab", False),
        ("%ab%ab%", "abab", True),
        ("%a_c%", "xxabcxx", True),
        ("%a_c%", "aabc", True),
        ("%a__%c", "aabc", True),
        ("_%_", "ab", True),
        ("_%_", "a", False),
        ("%\\%%", "100%", True),
        ("a%", "A", False),
        ("%_ß%", "größe", True),
        ("a%c", "a\nb\nc", True),
    ],
)
def test_a_pattern_fits_the_whole_text(pattern: str, text: str, expected: bool) -> None:
    assert Pattern(pattern).matches(text) is expected


def fits(pattern: str, text: str) -> bool:
    """The rule of LIKE, told by the table of all prefixes of both."""
    row = [True] + [False] * len(text)
    index = 0
    while index < len(pattern):
        char = pattern[index]
        escaped = char == "\\" and pattern[index + 1 : index + 2] in ("%", "_")
        index += 2 if escaped else 1
        char = pattern[index - 1]
        if char == "%" and not escaped:
            row = [any(row[: place + 1]) for place in range(len(row))]
        else:
            one = char == "_" and not escaped
            row = [False] + [row[i] and (one or text[i] == char) for i in range(len(text))]
    return row[-1]


@given(some.text("ab%_\\", max_size=12), some.text("ab%_\\", max_size=16))
def test_a_pattern_agrees_with_the_rule(pattern: str, text: str) -> None:
    assert Pattern(pattern).matches(text) is fits(pattern, text)


def evil_patterns() -> list[str]:
    """Fifty patterns that make a matcher that goes back take time without end."""
    draw = random.Random(20_240_613)
    shapes = ["%a" * 40 + "%b", "%a_a" * 30 + "%b", "%" * 500 + "b", "%a" + "_" * 400 + "b%"]
    shapes += ["%" + "a" * 500 + "_b%", "_a%" * 60 + "b", "%aa%_" * 50, "a%" * 99 + "b"]
    while len(shapes) < 50:
        parts = draw.choices(["%", "_", "a", "aa", "%a", "a_"], k=draw.randint(50, 200))
        shapes.append("%" + "".join(parts) + draw.choice(["b", "a_b", "%b%a"]))
    return shapes


@pytest.mark.alone
def test_no_evil_pattern_takes_longer_than_a_millisecond() -> None:
    text = "a" * 500 + "b" + "a" * 500
    seconds = []

    for pattern in map(Pattern, evil_patterns()):
        rounds = []
        for _ in range(5):
            since = time.process_time()
            pattern.matches(text)
            rounds.append(time.process_time() - since)
        seconds.append(min(rounds))

    # The best of five rounds is the matcher's own time: the rest is what neighbours took.
    assert max(seconds) < 0.001
