"""One trigger, one source, one sink: how it stands, and its valves."""

from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from broker.errors import Invalid
from deploy.admin.access import Looker, Operator
from deploy.console.asking import Asking, Refused
from deploy.console.chart import charts_of
from deploy.console.done import back_to, said
from deploy.console.door import fields_of
from deploy.console.history import History
from deploy.console.live import Look, show_live
from deploy.console.pages import show
from deploy.console.words import link, number

router = APIRouter(include_in_schema=False)

SOUGHT = {"skip": "skipped: what of them matches counts as discarded", "again": "delivered again"}


@router.get("/triggers/{namespace}/{name}")
async def trigger(request: Request, by: Looker, namespace: str, name: str) -> Response:
    """Where it stands, with charts of the latest hour."""
    asking = Asking(request, by)

    async def look() -> Look:
        one = await asking.get("triggers", namespace, name)
        history: History = request.app.state.history
        charts = charts_of(history.of(one["name"]))
        return Look({"one": one, "charts": charts, "spec": _written(one["spec"])})

    return await show_live(request, by, "trigger.html", look, done=said(request))


@router.post("/triggers/{namespace}/{name}/{verb}")
async def steer(request: Request, by: Operator, namespace: str, name: str, verb: str) -> Response:
    """Pause and resume at once; seek shows first what it would do."""
    sent = fields_of(await request.body())
    asking, place = Asking(request, by), link("/triggers", namespace, name)
    if verb in ("pause", "resume"):
        done = await asking.post("triggers", namespace, name, verb, reason=sent.get("reason", ""))
        return back_to(place, verb if done["changed"] else "nothing")
    if verb != "seek":
        raise _no_such(verb)
    to = sent.get("to", "")
    if (skipped := sent.get("skipped")) is not None:
        if skipped and sent.get("typed", "").strip() != skipped:
            raise _not_typed(skipped)
        reason = sent.get("reason", "")
        done = await asking.post("triggers", namespace, name, "seek", to=to, reason=reason)
        return back_to(place, "seek", done["events"])
    told = await asking.post("triggers", namespace, name, "seek", to=to, preview=True)
    return _confirm_seek(request, place, told)


def _confirm_seek(request: Request, place: str, told: dict[str, Any]) -> Response:
    """What is then done is what is shown: the offset is fixed, whatever comes meanwhile."""
    events = number(told["events"])
    what = SOUGHT.get(told["direction"])
    skipped = told["events"] if told["direction"] == "skip" else None
    between = f"{events} stored events lie between. They are {what}." if what else ""
    return show(
        request,
        "confirm.html",
        title=f"Let {told['trigger']} deliver offset {told['position']} next?",
        lines=[f"Next is offset {told['from']} now.", between, "Parked and dead ones stay."],
        place=f"{place}/seek",
        fields={"to": str(told["position"]), "skipped": str(skipped or "")},
        typed=skipped,
        label="Seek" if what is None else f"Seek over {events} events",
        tone="danger" if told["direction"] == "skip" else "main",
        is_nothing=what is None,
        back=place,
    )


@router.get("/sources/{namespace}/{name}")
async def source(request: Request, by: Looker, namespace: str, name: str) -> Response:
    """How far it is, and why it failed last."""
    one = await Asking(request, by).get("sources", namespace, name)
    spec = "" if one["spec"] is None else _written(one["spec"])
    return show(request, "source.html", one=one, spec=spec, done=said(request))


@router.post("/sources/{namespace}/{name}/{verb}")
async def steer_source(
    request: Request, by: Operator, namespace: str, name: str, verb: str
) -> Response:
    """Pause and resume."""
    if verb not in ("pause", "resume"):
        raise _no_such(verb)
    sent = fields_of(await request.body())
    asking = Asking(request, by)
    done = await asking.post("sources", namespace, name, verb, reason=sent.get("reason", ""))
    return back_to(link("/sources", namespace, name), verb if done["changed"] else "nothing")


@router.get("/sinks")
async def sink(request: Request, by: Looker, name: str = "") -> Response:
    """Who sends to it and how that fails."""
    one = await Asking(request, by).get("sink", name=name)
    return show(request, "sink.html", one=one)


def _not_typed(skipped: str) -> Refused:
    told = f"the number of what is skipped, {skipped[:20]}, was not typed"
    return Refused(400, {"title": "Nothing was done", "detail": told, "code": "count-differs"})


def _written(spec: Any) -> str:
    """A spec as it was read; names of secrets, never what they stand for."""
    return orjson.dumps(spec, option=orjson.OPT_INDENT_2).decode()


def _no_such(verb: str) -> Refused:
    refused = Invalid(f"there is no verb {verb[:40]!r}", code="not-found")
    return Refused(404, {"title": "Not Found", "detail": refused.what, "code": refused.code})
