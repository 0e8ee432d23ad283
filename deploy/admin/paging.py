"""Pages of lists that are in memory: from a cursor on, which is the name of the last one shown."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from broker.errors import Invalid

Item = TypeVar("Item")


def page_after(
    items: Sequence[Item], cursor: str | None, limit: int, name_of: Callable[[Item], str]
) -> tuple[Sequence[Item], str | None]:
    """At most `limit` of `items` behind the one called `cursor`, and the cursor for the next.

    Raises Invalid where there is no such item, or no more.
    """
    after = 0
    if cursor is not None:
        after = next((place for place, one in enumerate(items, 1) if name_of(one) == cursor), 0)
        if not after:
            raise bad_cursor()
    page = items[after : after + limit]
    return page, name_of(page[-1]) if len(items) > after + limit else None


def job_name(view: Mapping[str, Any]) -> str:
    """Of a job as it is shown: two brokers may have a job of one id."""
    return f"{view['broker']}/{view['id']}"


def bad_cursor() -> Invalid:
    return Invalid(
        "this cursor is no listing's",
        code="bad-parameter",
        where="cursor",
        remedy="ask without one, then with the next of each answer",
    )
