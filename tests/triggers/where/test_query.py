"""What a query means: every name, times, data, and where a bad one goes wrong."""

import pytest

from broker.errors import InvalidFilter
from broker.storage.rows import DeadLetter
from tests.triggers.where.letters import NOW, letter
from triggers.where import parse_query
from triggers.where.query import TEXT_CHARACTERS_MAX

LETTER = letter(attributes={"subject": "s1", "reason": "own", "region": "eu"})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "reason = 'attempts'",
        "status = 503 AND class = 'transient'",
        "status = '503'",
        "503 <= status",
        "attempts > 2 AND attempts IN (3, 4)",
        "trigger = 'default/classify'",
        "trigger = 'classify' AND broker = 'default'",
        "trigger IN ('other', 'classify')",
        "sink LIKE 'http://%' AND group = 'g1' AND state = 'dead'",
        "size > 20 AND size < 1000",
        "type = 'order.new' AND source = '/shop' AND id = 'e1' AND subject LIKE 's_'",
        "ce.reason = 'own' AND EXISTS ce.reason",
        "EXISTS region AND NOT EXISTS ce.trigger AND EXISTS trigger",
        "ce.type = 'order.new'",
        "dead_at = '2026-03-01T11:00:00Z'",
        "dead_at > '2026-03-01T11:59:00+01:00'",
        "dead_at > ago('PT1H1S') AND dead_at <= ago('PT1H')",
        "stored_at < first_at AND '2026-03-01T10:00:00.000Z' = first_at",
        "dead_at > ago('P4W') AND stored_at > ago('P1DT2H')",
        "data('/order/id') = 7 AND data('/order/id') > 6",
        "data('') LIKE '{%'",
        "reason = 'age' OR reason = 'attempts'",
        "LOWER(reason) = 'attempts' AND LENGTH(group) = 2",
    ],
)
def test_a_query_matches_what_it_says(text: str) -> None:
    query = parse_query(text, NOW)

    assert query.matches(LETTER)
    assert query.keeps(LETTER)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("reason = 'age'", LETTER),
        ("status = 503", letter(status=None)),
        ("status != 200", letter(status=None)),
        ("subject != 'x'", letter()),
        ("dead_at > ago('PT59M')", LETTER),
        ("ce.reason = 'attempts'", LETTER),
        ("data('/order/name') != 'x'", LETTER),
        ("data('/order/id') = 7", letter(b"no json")),
        ("data('/order/id') = 7", letter(attributes={"datacontenttype": "text/plain"})),
        ("data('/order/id') = 7", letter(None)),
        ("data('/order/id/more') = 7", LETTER),
        ("nowhere = 'x'", LETTER),
    ],
)
def test_what_is_missing_or_different_does_not_match(text: str, other: DeadLetter) -> None:
    query = parse_query(text, NOW)

    assert not query.matches(other)


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("reason =", 9, "ends"),
        ("reason = 'a' AND (", 19, "ends"),
        ("dead_at > 'yesterday'", 11, "is no time"),
        ("dead_at > '2026-02-30T00:00:00Z'", 11, "is no time"),
        ("dead_at > ago('1h')", 11, "is no duration"),
        ("dead_at > ago('P')", 11, "is no duration"),
        ("dead_at > 5", 11, "is no time"),
        ("reason = 'a' AND dead_at", 18, "stands alone"),
        ("dead_at IN ('2026-01-01T00:00:00Z')", 1, "stands alone"),
        ("attempts > ago('PT1H')", 12, "compared with no time"),
        ("data(order) = 1", 1, "JSON pointer"),
        ("data('order') = 1", 1, "JSON pointer"),
        ("data('/a~2') = 1", 1, "JSON pointer"),
        ("wrong_name = 'x'", 1, "attribute name"),
        ("reason", 1, "must give Boolean"),
        ("nothing() = 1", 1, "no function"),
        ("reason == 'a'", 8, "=="),
        ("reason = '\ud800'", 11, "half of a character"),
    ],
)
def test_a_bad_query_is_refused_with_its_column(text: str, column: int, says: str) -> None:
    with pytest.raises(InvalidFilter) as refused:
        parse_query(text, NOW)

    assert (refused.value.column, refused.value.where) == (column, f"where, column {column}")
    assert says in refused.value.what
    assert refused.value.remedy


def test_a_query_is_as_long_as_the_bound_and_no_longer() -> None:
    longest = "status = 503".ljust(TEXT_CHARACTERS_MAX)

    assert parse_query(longest, NOW).matches(LETTER)
    with pytest.raises(InvalidFilter) as refused:
        parse_query(longest + " ", NOW)

    assert refused.value.code == "cesql-too-long"


def test_a_query_tells_whether_it_reads_data() -> None:
    assert parse_query("NOT data('/a') = 1", NOW).reads_data
    assert not parse_query("reason = 'data'", NOW).reads_data
