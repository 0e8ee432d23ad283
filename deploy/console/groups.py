"""Groups of dead letters, the desk's front page: what fails, how often, since when."""

from typing import Any

from fastapi import APIRouter, Request, Response

from deploy.admin.access import Looker, Operator
from deploy.console.asking import Asking, Refused
from deploy.console.done import back_to, said
from deploy.console.door import fields_of
from deploy.console.live import Look, show_live
from deploy.console.looking import broker_names
from deploy.console.words import link

router = APIRouter(include_in_schema=False)

PAGE_GROUPS = 50
STATES = ("", "open", "acknowledged", "resolved", "ignored")
VERBS = ("acknowledge", "resolve", "ignore", "reopen", "note")


@router.get("/dead-letters")
async def groups(
    request: Request,
    by: Looker,
    broker: str = "",
    trigger: str = "",
    state: str = "",
    sort: str = "",
    cursor: str = "",
) -> Response:
    """A page of groups; the address is what is asked, to be kept and passed on."""
    asking = Asking(request, by)
    query = {"broker": broker, "trigger": trigger, "state": state, "sort": sort, "cursor": cursor}

    async def look() -> Look:
        listed = await asking.get("dead-letter-groups", **query, limit=PAGE_GROUPS)
        found = {"groups": listed["items"], "next": listed["next"]}
        return Look({**found, "query": query, "brokers": broker_names(request)})

    return await show_live(
        request,
        by,
        "groups.html",
        look,
        states=STATES,
        done=said(request),
    )


@router.get("/dead-letters/groups/{id}")
async def group(request: Request, by: Looker, id: str) -> Response:
    """One group, and what can be done with all of it."""
    asking = Asking(request, by)

    async def look() -> Look:
        one = await asking.get("dead-letter-groups", id)
        return Look({"one": one, "where": f"group = '{one['id']}'"})

    return await show_live(request, by, "group.html", look, done=said(request))


@router.post("/dead-letters/groups/{id}")
async def judge(request: Request, by: Operator, id: str) -> Response:
    """Acknowledge, resolve, ignore, reopen, or keep a note."""
    sent = fields_of(await request.body())
    verb = sent.get("verb", "")
    if verb not in VERBS:
        raise Refused(404, {"title": "Not Found", "detail": "there is no such verb"})
    body: dict[str, Any] = {name: sent[name] for name in ("note", "owner") if name in sent}
    await Asking(request, by).post("dead-letter-groups", id, verb, **body)
    return back_to(link("/dead-letters/groups", id), "judge")
