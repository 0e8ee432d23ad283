"""The log and the audit: what is stored and why it is where it is, what was done and by whom."""

from typing import Any

from fastapi import APIRouter, Request, Response

from deploy.admin.access import Looker, Viewer
from deploy.console.asking import Asking, Refused
from deploy.console.attachment import attachment_of
from deploy.console.mistakes import column_of
from deploy.console.pages import show
from deploy.console.payload import payload_of
from deploy.running import Running

router = APIRouter(include_in_schema=False)

PAGE_EVENTS = 50
ANY_ID = "-"  # the API's word for: the offset alone says which


@router.get("/events")
async def events(
    request: Request,
    by: Looker,
    broker: str = "",
    filter: str = "",
    id: str = "",
    cursor: str = "",
) -> Response:
    """A page of the log, newest first; with an id the newest event that has it."""
    asking, brokers = Asking(request, by), broker_names(request)
    chosen = broker or next(iter(brokers), "")
    if id:
        story = await asking.get("events", id, "why", broker=broker)
        return _show_story(request, story)
    told = {"brokers": brokers, "broker": chosen, "filter": filter}
    query = {"broker": broker, "filter": filter, "cursor": cursor}
    listed: dict[str, Any] = {"items": [], "next": None, "looked_at": 0}
    refused: Refused | None = None
    try:
        listed = await asking.get(
            "events", broker=chosen, filter=filter, cursor=cursor, limit=PAGE_EVENTS
        )
    except Refused as error:
        if error.status != 400:
            raise
        refused = error
    return show(
        request,
        "events.html",
        400 if refused else 200,
        **told,
        items=listed["items"],
        next=listed["next"],
        looked_at=listed["looked_at"],
        query=query,
        refused=refused,
        asked=filter,
        column=column_of(refused),
    )


@router.get("/events/at")
async def event(request: Request, by: Looker, broker: str = "", offset: int = 0) -> Response:
    """One event with its whole story."""
    story = await Asking(request, by).get("events", ANY_ID, "why", broker=broker, offset=offset)
    return _show_story(request, story)


@router.get("/events/data")
async def data(request: Request, by: Viewer, broker: str = "", offset: int = 0) -> Response:
    """Its data, byte for byte, to be saved and never shown by the browser."""
    story = await Asking(request, by).get("events", ANY_ID, "why", broker=broker, offset=offset)
    return attachment_of(story["event"], f"event-{offset}")


@router.get("/audit")
async def audit(request: Request, by: Looker, cursor: str = "") -> Response:
    """What was done."""
    listed = await Asking(request, by).get("audit", cursor=cursor, limit=PAGE_EVENTS)
    query = {"cursor": cursor}
    return show(request, "audit.html", items=listed["items"], next=listed["next"], query=query)


def broker_names(request: Request) -> list[str]:
    running: Running = request.app.state.running
    return sorted(running.brokers)


def _show_story(request: Request, story: dict[str, object]) -> Response:
    one = story["event"]
    assert isinstance(one, dict)
    same_id = story["same_id"]
    return show(request, "event.html", one=one, story=story, data=payload_of(one), same_id=same_id)
