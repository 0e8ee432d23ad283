"""However a listing is paged, its spans cover every key once and in order."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sources.s3.listing import Listed, Page
from sources.s3.span import CARRIED_VERSIONS_MAX, Span, Spans

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def listed(key: str, version: str = "null") -> Listed:
    return Listed(key, version, "x", 1, NOW, False)


def spans_of(spans: Spans, versions: Sequence[Listed], page_size: int) -> list[Span]:
    found = []
    for start in range(0, max(1, len(versions)), page_size):
        is_last = start + page_size >= len(versions)
        page = Page(versions[start : start + page_size], None if is_last else {"more": "yes"})
        found.append(spans.take(page))
        if spans.is_over:
            break
    return found


@given(st.lists(st.text("ab/ü", min_size=1, max_size=3)), st.integers(1, 5), st.integers(1, 3))
def test_all_that_is_listed_is_in_one_span_with_all_versions_of_its_key(
    keys: list[str], page_size: int, count: int
) -> None:
    ordered = sorted(set(keys), key=str.encode)
    versions = [listed(key, f"v{n}") for key in ordered for n in range(count)]

    found = spans_of(Spans("", None, is_versioned=True), versions, page_size)

    assert [one for span in found for one in span.versions] == versions
    assert [span.lower for span in found[1:]] == [span.upper for span in found[:-1]]
    assert (found[0].lower, found[-1].upper) == ("", None)
    for span in found:
        assert all(
            sum(one.key == each.key for each in span.versions) == count for one in span.versions
        )


def test_without_versions_every_page_is_a_span() -> None:
    versions = [listed(f"{n:03}") for n in range(10)]

    found = spans_of(Spans("", None, is_versioned=False), versions, 4)

    assert [len(span.versions) for span in found] == [4, 4, 2]
    assert [span.upper for span in found] == ["003", "007", None]


def test_a_listing_that_is_to_end_at_a_key_covers_it_and_nothing_beyond() -> None:
    versions = [listed(f"{n:03}") for n in range(10)]
    spans = Spans("", "004", is_versioned=False)

    found = spans_of(spans, versions, 3)

    assert [one.key for span in found for one in span.versions] == [f"{n:03}" for n in range(5)]
    assert found[-1].upper == "004"
    assert spans.is_over


def test_keys_out_of_order_are_looked_up_one_by_one_from_there_on() -> None:
    versions = [listed(key) for key in ("a", "b", "d", "c", "e", "f")]
    spans = Spans("", None, is_versioned=False)

    found = spans_of(spans, versions, 2)

    assert spans.is_unordered
    assert [one.key for span in found for one in span.versions] == ["a", "b"]
    assert [one.key for span in found for one in span.singles] == ["d", "c", "e", "f"]
    assert all(span.lower == span.upper for span in found[1:])


def test_a_key_of_very_many_versions_is_not_carried_for_ever() -> None:
    many = [listed("b", f"v{n}") for n in range(3 * CARRIED_VERSIONS_MAX)]
    versions = [listed("a"), *many, listed("c")]

    found = spans_of(Spans("", None, is_versioned=True), versions, 1000)

    assert [one.key for span in found for one in span.versions] == ["a", "c"]
    assert [one for span in found for one in span.singles] == many
    assert max(len(span.singles) for span in found) <= CARRIED_VERSIONS_MAX + 1000
    assert all(one.lower <= two.lower for one, two in pairwise(found))
