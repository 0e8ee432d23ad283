"""Texts that the data of every match hold: a store that tries them first loses no match."""

import json
from random import Random
from typing import Any

import pytest

from tests.triggers.where.letters import NOW, letter
from triggers.where import parse_query

SEED = 11
WORDS = ("Bern", "TRUE", "true", "false", "null", "e1", "st. gallen", "NaN", "Zürich", "ab", "x y")
SPELLINGS = ("{}", "{}%", "%{}", "%{}%", "%{}%{}")


@pytest.mark.parametrize(
    ("where", "hints"),
    [
        ("data('/city') = 'Bern'", (b"Bern",)),
        ("'Bern' = data('/city') AND data('/n') = 7", (b"Bern",)),
        ("data('/city') LIKE '%ern%'", (b"ern",)),
        ("data('/city') LIKE 'Be%' AND data('/land') = 'ch'", (b"Be", b"ch")),
        ("data('/city') != 'Bern'", ()),
        ("data('/city') NOT LIKE 'Be%'", ()),
        ("data('/city') = 'Bern' OR data('/city') = 'Basel'", ()),
        ("data('/n') = '7'", ()),
        ("data('/is') = 'TRUE'", ()),
        ("LENGTH(reason) = 3", ()),
    ],
)
def test_the_hints_of_a_query(where: str, hints: tuple[bytes, ...]) -> None:
    query = parse_query(where, NOW)

    assert query.sieve.texts == hints


def test_no_match_is_without_its_hints() -> None:
    print(f"seed {SEED}")
    chance = Random(SEED)
    matched = 0

    for _ in range(4_000):
        word = chance.choice(WORDS)
        sieve = parse_query(_query(word, chance), NOW).sieve
        one = letter(_spelt(_document(word, chance), chance))
        matched += sieve.keeps(one)
        assert sieve.may_keep(one.event.data) or not sieve.keeps(one)

    assert matched > 300


def _query(word: str, chance: Random) -> str:
    if chance.random() < 0.5:
        return f"data('/a') = '{word}'"
    pattern = chance.choice(SPELLINGS).format(word, chance.choice(WORDS))
    return f"data('/a') LIKE '{pattern}'"


def _document(word: str, chance: Random) -> Any:
    """Where the word may be text, part of one, or in something larger."""
    plain = (word, f"{word}!", f"<{word}>", True, False, None, 1e16, 1e-7, 7)
    value = chance.choice(plain)
    return {"a": chance.choice((value, value, [value], {word: value}))}


def _spelt(document: Any, chance: Random) -> bytes:
    """As JSON, some of its letters written by their number."""
    text = json.dumps(document, ensure_ascii=chance.random() < 0.5)
    if chance.random() < 0.3:
        text = text.replace("B", "\\u0042").replace("x", "\\u0078")
    return text.encode()
