"""Plans: what a verb on many dead letters would do, shown before it is done, and then done."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from broker.errors import Invalid
from deploy.admin.access import Looker, Operator, Viewer, check_recent
from deploy.console.asking import API, Asking, Refused
from deploy.console.done import back_to, said
from deploy.console.door import fields_of
from deploy.console.live import Look, show_live
from deploy.console.pages import see, show
from deploy.console.words import link

router = APIRouter(include_in_schema=False)

EVERYTHING = "TRUE"  # as a query
SHOWN_CODES = ("count-differs", "bad-parameter", "bad-number")  # mended in the form itself


@router.post("/dead-letters/plans")
async def make(request: Request, by: Viewer) -> Response:
    """Fix what is meant; nothing is changed yet. What whoever asks may, the API says."""
    sent = fields_of(await request.body())
    group, where = sent.get("group") or None, sent.get("where", "").strip() or None
    plan = await Asking(request, by).post(
        "dead-letters",
        "plans",
        verb=sent.get("verb", ""),
        group=group,
        where=None if group else where or EVERYTHING,
        broker=sent.get("broker") or None,
        to_sink=_sink_of(sent),
        to_broker=sent.get("to_broker", "").strip() or None,
    )
    return see(link("/dead-letters/plans", plan["id"]))


def _sink_of(sent: Mapping[str, str]) -> str | None:
    """The one that was chosen, or the URL that was written. Raises Invalid where both were."""
    chosen, written = (sent.get(name, "").strip() for name in ("to_sink", "to_url"))
    if chosen and written:
        raise Invalid(
            "a redrive goes to one place, not to a sink and to a URL",
            code="bad-parameter",
            where="to_url",
            remedy="leave out one of the two",
        )
    return chosen or written or None


@router.get("/dead-letters/plans/{id}")
async def plan(request: Request, by: Looker, id: str) -> Response:
    """How many, which, how long, and what speaks against it."""
    asking = Asking(request, by)

    async def look() -> Look:
        one = await asking.get("dead-letters", "plans", id)
        return Look({"one": one}, has_ended=not is_going_on(one))

    places = await asking.get("dead-letters", "targets")
    return await show_live(
        request, by, "plan.html", look, refused=None, done=said(request), places=places
    )


@router.get("/dead-letters/plans/{id}/export")
async def export(request: Request, by: Viewer, id: str, format: str = "ndjson") -> Response:
    """Lead to the file of a plan, which comes from the API; asked here, a refusal is a page."""
    one = await Asking(request, by).get("dead-letters", "plans", id)
    check_recent(request)
    place = link(f"{API}/dead-letters/export", plan=one["id"], format=format)
    return Response(status_code=303, headers={"location": place})


@router.post("/dead-letters/plans/{id}/act")
async def act(request: Request, by: Operator, id: str) -> Response:
    """Do what the plan says; twice does nothing twice."""
    sent, asking = fields_of(await request.body()), Asking(request, by)
    one = await asking.get("dead-letters", "plans", id)
    try:
        wanted = wanted_of(one["verb"], sent)
        acted = await asking.post("dead-letters", "plans", id, "act", **wanted)
    except (Refused, Invalid) as refused:
        if refused.code not in SHOWN_CODES:
            raise
        still = {"live": "plan-live.html", "stream": ""}
        places = await asking.get("dead-letters", "targets")
        return show(
            request, "plan.html", 400, one=one, refused=refused, done="", places=places, **still
        )
    if acted["job"] is not None:
        return see(link("/jobs/redrives", acted["job"]["id"]))
    place = link("/dead-letters/plans", id)
    if not acted["plan"]["is_over"]:
        return see(place)  # which says how far it is
    return back_to(place, one["verb"], acted["plan"]["outcome"]["moved"])


def is_going_on(plan: Mapping[str, Any]) -> bool:
    """Whether it was acted on and is gone through by itself; a job tells of itself elsewhere."""
    return plan["acted_at"] is not None and plan["job"] is None and not plan["is_over"]


def wanted_of(verb: str, sent: dict[str, str]) -> dict[str, Any]:
    """The body of an act, as the fields of the form say it. Raises Invalid."""
    reason = {"reason": sent.get("reason", "")}
    if verb == "discard":
        return reason | {"count": int(_number("typed", sent.get("typed", "")))}
    if verb != "redrive":
        return reason
    percent = _number("abort_above", sent.get("abort_above") or "20")
    canary = sent.get("canary", "").strip()
    return reason | {
        "rate": _number("rate", sent.get("rate") or "50"),
        "abort_above": percent / 100,
        "canary": int(_number("canary", canary)) if canary else None,
    }


def _number(name: str, text: str) -> float:
    try:
        value = float(text.replace("\u202f", "").replace(" ", ""))
    except ValueError as error:
        raise _no_number(name, text) from error
    if not 0 <= value < 1e12:
        raise _no_number(name, text)
    return value


def _no_number(name: str, text: str) -> Invalid:
    return Invalid(
        f"{text[:40]!r} is no number",
        code="bad-number",
        where=name,
        remedy="write digits, such as 50",
    )
