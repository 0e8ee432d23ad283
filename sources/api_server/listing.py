"""A list of objects, page by page: what is in memory is one page."""

from collections.abc import AsyncIterator
from typing import NamedTuple

from broker.errors import TooLarge, Unavailable
from sources.api_server.client import Client, Query
from sources.api_server.objects import Found, odd_answer, version_of
from sources.api_server.refusals import Right

PAGE_OBJECTS_MAX = 500


class Page(NamedTuple):
    """`version` is the same for all pages of a list: what to watch from after the last."""

    items: list[Found]
    version: str
    remaining: int  # after this one; 0 where the server does not say


async def pages(client: Client, path: str, query: Query, right: Right) -> AsyncIterator[Page]:
    """All pages of the state at one moment; raises Expired where that is gone meanwhile.

    A page that is too large is asked for again with fewer objects.
    """
    limit, token = PAGE_OBJECTS_MAX, ""
    while True:
        asked = {**query, "limit": str(limit), **({"continue": token} if token else {})}
        try:
            found = await client.get(path, asked, right)
        except TooLarge as error:
            if limit == 1:
                remedy = "make the object smaller, or select it away"
                raise Unavailable(
                    f"an object is too large: {error.what}", where=path, remedy=remedy
                ) from error
            limit = max(1, limit // 4)
            continue
        page = page_of(found)
        token = found["metadata"].get("continue") or ""
        yield page
        if not token:
            return


def page_of(found: object) -> Page:
    """Raises Unavailable where `found` is no list of objects. Pure."""
    version = version_of(found)
    assert isinstance(found, dict)
    items = found.get("items") or []  # null where there are none
    if not isinstance(items, list):
        raise odd_answer("no list of objects")
    return Page(items, version, found["metadata"].get("remainingItemCount") or 0)
