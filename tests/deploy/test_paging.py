"""Pages of lists in memory: each item on one page, and cursors of no list refused."""

import pytest

from broker.errors import Invalid
from deploy.admin.paging import page_after

ITEMS = ["a", "b", "c", "d", "e"]


def test_pages_follow_one_another_to_the_end() -> None:
    pages, cursor = [], None

    while True:
        page, cursor = page_after(ITEMS, cursor, 2, str)
        pages.append(list(page))
        if cursor is None:
            break

    assert pages == [["a", "b"], ["c", "d"], ["e"]]


def test_a_page_that_takes_all_has_no_next() -> None:
    assert page_after(ITEMS, None, 5, str) == (ITEMS, None)
    assert page_after(ITEMS, "e", 5, str) == ([], None)
    assert page_after([], None, 5, str) == ([], None)


def test_a_cursor_of_nothing_is_refused() -> None:
    with pytest.raises(Invalid, match="cursor"):
        page_after(ITEMS, "x", 2, str)
