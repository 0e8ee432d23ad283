"""The log, newest first or from an offset on, and one event with its bytes."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from broker.errors import Invalid
from deploy.admin.access import Looker
from deploy.admin.following import WAIT_SECONDS_MAX, Following
from deploy.admin.log_pages import END, FILTER_CHARACTERS_MAX, LogPages, out_of_step, sieve
from deploy.admin.naming import full_name
from deploy.admin.views import event_detail
from deploy.running import Running, RunningBroker

router = APIRouter(prefix="/api/v1")

Limit = Annotated[int, Query(ge=1, le=1000)]
Offset = Annotated[int | None, Query(ge=0, lt=END)]
FilterText = Annotated[str | None, Query(alias="filter", max_length=FILTER_CHARACTERS_MAX)]
Seconds = Annotated[float, Query(ge=0.0, le=WAIT_SECONDS_MAX, allow_inf_nan=False)]


def choose_brokers(running: Running, name: str | None) -> list[RunningBroker]:
    """The broker asked for (`NAME` is in namespace default), or all."""
    if name is None:
        return list(running.brokers.values())
    full = full_name(name)
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
            f"there are several brokers: {', '.join(running.brokers)}",
            code="which-broker",
            remedy="say which: --broker NAME, or broker=NAME in a URL",
        )
    return brokers[0]


@router.get("/events")
async def events(
    request: Request,
    by: Looker,
    broker: str | None = None,
    limit: Limit = 50,
    cursor: Annotated[int | None, Query(ge=1, lt=END)] = None,
    since: datetime | None = None,
    filter_text: FilterText = None,
    after: Offset = None,
    wait_seconds: Seconds = 0.0,
) -> dict[str, Any]:
    """List stored events, newest first; with `after`, oldest first from that offset on.

    `cursor` is the `next` of the page before. `filter` is a CESQL expression; a page looks
    at a bounded number of events, so it may be empty and still have a `next`. With `after`,
    `next` is what to give as `after` the next time, and `wait_seconds` waits for events.
    """
    one = one_broker(request.app.state.running, broker)
    pages, matches = LogPages(one), sieve(filter_text)
    lowest = 0 if since is None else await one.engine.log.offset_at(with_zone(since))
    newest = pages.newest
    if after is None:
        page = await pages.back(cursor or END, lowest, limit, matches)
    elif cursor is not None:
        raise out_of_step("cursor", "after")
    else:
        start = max(after, lowest)
        page = await following(request).on(pages, start, limit, matches, wait_seconds)
    return {"items": page.items, "next": page.next, "looked_at": page.looked_at, "newest": newest}


def with_zone(since: datetime) -> datetime:
    if since.tzinfo is None:
        raise Invalid("since has no time zone", code="bad-parameter", remedy="end it with Z")
    return since


def following(request: Request) -> Following:
    """The followers of this listener, counted from the first that asks."""
    state = request.app.state
    if not hasattr(state, "following"):
        running: Running = state.running
        state.following = Following(lambda: running.is_draining)
    found: Following = state.following
    return found


@router.get("/events/{id:path}")
async def event(request: Request, by: Looker, id: str, broker: str | None = None) -> dict[str, Any]:
    """Show all stored events with that id, newest first (source and type make it unique)."""
    items = []
    for one in choose_brokers(request.app.state.running, broker):
        found = await one.engine.log.find(id)
        items += [event_detail(one.spec.name, stored) for stored in found]
    if not items:
        raise not_in_log(id)
    return {"items": items, "next": None}


def not_in_log(id: str) -> Invalid:
    return Invalid(
        f"no event with id {id!r} in the log",
        code="not-found",
        remedy="it may be past retention; headrace dead-letters list shows what is kept longer",
    )
