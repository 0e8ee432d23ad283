"""Dead letters: groups, the list by query, one with all its evidence, and what is done to one."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from deploy.admin.access import Looker, Operator, Role, Viewer
from deploy.console.asking import Asking, Refused
from deploy.console.attachment import attachment_of
from deploy.console.done import said
from deploy.console.door import fields_of
from deploy.console.live import Look, show_live
from deploy.console.looking import broker_names
from deploy.console.mistakes import column_of
from deploy.console.pages import see, show
from deploy.console.payload import payload_of
from deploy.console.timeline import timeline_of
from deploy.console.words import link

router = APIRouter(include_in_schema=False)

PAGE_LETTERS = 50
PAYLOAD = frozenset({"data", "data_base64", "data_hidden"})
EMPTY: dict[str, Any] = {"items": [], "next": None, "looked": 0, "of": None}
VERBS = ("redrive", "discard", "restore")


@router.get("/dead-letters/list")
async def letters(
    request: Request,
    by: Looker,
    broker: str = "",
    where: str = "",
    cursor: str = "",
) -> Response:
    """One page by query; the address is the query, to be kept and passed on."""
    brokers = broker_names(request)
    chosen = broker or next(iter(brokers), "")
    listed: dict[str, Any] = EMPTY
    refused: Refused | None = None
    try:
        listed = await Asking(request, by).get(
            "dead-letters", broker=chosen, where=where, cursor=cursor, limit=PAGE_LETTERS
        )
    except Refused as error:
        if error.status not in (400, 403):
            raise
        refused = error
    return show(
        request,
        "letters.html",
        refused.status if refused else 200,
        **listed,
        brokers=brokers,
        broker=chosen,
        where=where,
        query={"broker": broker, "where": where, "cursor": cursor},
        refused=refused,
        asked=where,
        column=column_of(refused),
        done=said(request),
    )


@router.get("/dead-letters/{id}")
async def letter(request: Request, by: Looker, id: str) -> Response:
    """All that is known of one, and why it is one; live while it is on its way again."""
    asking = Asking(request, by)

    async def look() -> Look:
        one = await asking.get("dead-letters", id, "why")
        attempts = one["attempts_detail"]
        told = {
            "one": one,
            "copy": await _copy_of(asking, one) if by.role >= Role.VIEWER else None,
            "timeline": timeline_of(attempts),
            "attempts": [(attempt, payload_of(attempt, "body")) for attempt in attempts],
            "attributes": {
                name: one["event"][name] for name in one["event"] if name not in PAYLOAD
            },
            "data": payload_of(one["event"]),
        }
        return Look(told, has_ended=one["state"] != "redriving")

    return await show_live(request, by, "letter.html", look)


async def _copy_of(asking: Asking, one: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What was sent in its place and is on its way, or has failed; None for none."""
    if not one["redrives"]:
        return None
    found: Mapping[str, Any] | None = (await asking.get("dead-letters", one["id"], "edit"))["last"]
    return found


@router.get("/dead-letters/{id}/data")
async def data(request: Request, by: Viewer, id: str) -> Response:
    """The event's data, byte for byte, to be saved."""
    one = await Asking(request, by).get("dead-letters", id)
    return attachment_of(one["event"], f"dead-letter-{id}")


@router.post("/dead-letters/{id}/{verb}")
async def act(request: Request, by: Operator, id: str, verb: str) -> Response:
    """Redrive, discard or restore this one."""
    sent = fields_of(await request.body())
    if verb not in VERBS:
        raise Refused(404, {"title": "Not Found", "detail": "there is no such verb"})
    asking = Asking(request, by)
    done = await asking.post("dead-letters", verb, ids=[id], reason=sent.get("reason", ""))
    if done["refused"]:
        told = done["refused"][0]["text"]
        raise Refused(409, {"title": "Not now", "detail": told, "code": done["refused"][0]["why"]})
    return see(link("/dead-letters", id))  # which says what became of it
