"""What was done, by whom: the audits of all brokers and of the listener itself as one list.

Each keeps its own numbers, so a cursor says of each which numbers are still to come.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Protocol

import orjson
from fastapi import APIRouter, Query, Request

from broker.storage.rows import Audit
from deploy.admin.access import Looker
from deploy.admin.paging import bad_cursor
from deploy.admin.views import when
from deploy.running import Running

router = APIRouter(prefix="/api/v1")

ACCESS = "access"  # no broker: those are called NAMESPACE/NAME
CURSOR_CHARACTERS_MAX = 4_096  # of a hundred brokers; written as %XX still what a URL may have
NUMBER_MAX = (1 << 63) - 1
Numbered = tuple[int, Audit]
Before = Mapping[str, int]


class Book(Protocol):
    """Keeps an audit, numbered from 1."""

    async def audit(self, limit: int = 50, before: int | None = None) -> Sequence[Numbered]: ...


@router.get("/audit")
async def audit(
    request: Request,
    by: Looker,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    cursor: Annotated[str | None, Query(max_length=CURSOR_CHARACTERS_MAX)] = None,
) -> dict[str, Any]:
    """List what was done, newest first: verbs, retention, tokens, sign-ins. Nothing changes it."""
    running: Running = request.app.state.running
    before = read_cursor(cursor) if cursor is not None else {}
    books: dict[str, Book] = {
        name: broker.engine.records for name, broker in running.brokers.items()
    }
    if running.tokens is not None:
        books[ACCESS] = running.tokens
    pages = {name: await book.audit(limit, before.get(name)) for name, book in books.items()}
    merged = merge(pages, limit)
    items = [view(name, number, act) for name, number, act in merged]
    is_all = len(merged) == sum(len(page) for page in pages.values()) and all(
        len(page) < limit for page in pages.values()
    )
    return {"items": items, "next": None if is_all else write_cursor(before, merged)}


def merge(pages: Mapping[str, Sequence[Numbered]], limit: int) -> list[tuple[str, int, Audit]]:
    """The latest `limit` of all, each book in its own order even where clocks went back."""
    heads = {name: list(reversed(page)) for name, page in pages.items() if page}
    merged: list[tuple[str, int, Audit]] = []
    while heads and len(merged) < limit:
        name = max(heads, key=lambda name: (heads[name][-1][1].at, name))
        number, act = heads[name].pop()
        merged.append((name, number, act))
        if not heads[name]:
            del heads[name]
    return merged


def view(name: str, number: int, act: Audit) -> dict[str, Any]:
    return {
        "number": number,
        "at": when(act.at),
        "by": act.by,
        "verb": act.verb,
        "detail": act.detail,
        "count": act.count,
        "reason": act.reason,
        "broker": None if name == ACCESS else name,
    }


def write_cursor(before: Before, shown: Sequence[tuple[str, int, Audit]]) -> str:
    """Where the next page goes on: below the last number shown of each book."""
    lowest = {**before, **{name: number for name, number, _ in shown}}
    return base64.urlsafe_b64encode(orjson.dumps(lowest)).decode()


def read_cursor(text: str) -> Before:
    """Raises Invalid for what no listing has given."""
    try:
        found = orjson.loads(base64.urlsafe_b64decode(text.encode("ascii")))
    except (ValueError, binascii.Error) as error:
        raise bad_cursor() from error
    if not isinstance(found, dict) or not all(
        isinstance(number, int) and not isinstance(number, bool) and 0 < number <= NUMBER_MAX
        for number in found.values()
    ):
        raise bad_cursor()
    return found
