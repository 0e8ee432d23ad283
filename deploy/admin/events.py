"""The log, newest first, and one event with its bytes."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from broker.errors import Invalid
from deploy.admin.views import event_detail, event_view
from deploy.running import Running, RunningBroker

router = APIRouter(prefix="/api/v1")

PAGE_BYTES_MAX = 64 * 1024 * 1024
END = 1 << 62  # beyond any offset
Limit = Annotated[int, Query(ge=1, le=1000)]


def choose_brokers(running: Running, name: str | None) -> list[RunningBroker]:
    """The broker asked for (`NAME` is in namespace default), or all."""
    if name is None:
        return list(running.brokers.values())
    full = name if "/" in name else f"default/{name}"
    if full not in running.brokers:
        raise Invalid(
            f"no broker {full}",
            code="not-found",
            remedy=f"name one of: {', '.join(running.brokers)}",
        )
    return [running.brokers[full]]


def one_broker(running: Running, name: str | None) -> RunningBroker:
    brokers = choose_brokers(running, name)
    if len(brokers) > 1:
        raise Invalid(
            "there are several brokers", code="which-broker", remedy="say which with broker=…"
        )
    return brokers[0]


@router.get("/events")
async def events(
    request: Request,
    broker: str | None = None,
    limit: Limit = 50,
    cursor: Annotated[int | None, Query(ge=1)] = None,
    since: datetime | None = None,
) -> dict[str, Any]:
    """Newest first; `cursor` is the offset to go on below."""
    running: Running = request.app.state.running
    one = one_broker(running, broker)
    lowest = 0
    if since is not None:
        if since.tzinfo is None:
            raise Invalid("since has no time zone", code="bad-parameter", remedy="end it with Z")
        lowest = await one.engine.log.offset_at(since)
    top = min(cursor or END, one.partition.router.routed + 1) - 1
    after = max(lowest, top - limit)
    items: list[dict[str, Any]] = []
    while after < top:  # a reading ends at its bytes, and what is shown is without the data
        page = await one.engine.log.read(after, top - after, PAGE_BYTES_MAX)
        items += [event_view(one.spec.name, stored) for stored in page if stored.offset <= top]
        after = page[-1].offset if page else top
    items.reverse()
    more = items and items[-1]["offset"] > max(lowest, 0) + 1
    return {"items": items, "next": items[-1]["offset"] if more else None}


@router.get("/events/{id:path}")
async def event(request: Request, id: str, broker: str | None = None) -> dict[str, Any]:
    """All stored events with that id, newest first (source and type make it unique)."""
    items = []
    for one in choose_brokers(request.app.state.running, broker):
        found = await one.engine.log.find(id)
        items += [event_detail(one.spec.name, stored) for stored in found]
    if not items:
        raise Invalid(
            f"no event with id {id!r} in the log",
            code="not-found",
            remedy="it may be past retention",
        )
    return {"items": items, "next": None}
