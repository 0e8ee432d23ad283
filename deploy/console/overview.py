"""The first page: all that runs, drawn and listed, and where events are stuck; and the keys."""

from fastapi import APIRouter, Request, Response

from deploy.admin.access import Looker
from deploy.console.asking import Asking
from deploy.console.flow import flow_of, trigger_tone
from deploy.console.live import Look, show_live
from deploy.console.pages import show

router = APIRouter(include_in_schema=False)

LISTED_MAX = 200  # of each kind
STUCK_MAX = 10  # are named; the others are counted


@router.get("/")
async def overview(request: Request, by: Looker) -> Response:
    """Brokers, triggers, sources, sinks, as their listings have them."""
    asking = Asking(request, by)
    return await show_live(request, by, "overview.html", lambda: _look(asking))


@router.get("/keys")
async def keys(request: Request, by: Looker) -> Response:
    """What can be done without a mouse."""
    return show(request, "keys.html")


async def _look(asking: Asking) -> Look:
    brokers = await asking.get("brokers", limit=LISTED_MAX)
    triggers = await asking.get("triggers", limit=LISTED_MAX)
    sources = await asking.get("sources", limit=LISTED_MAX)
    sinks = await asking.get("sinks", limit=LISTED_MAX)
    lists = (sources["items"], brokers["items"], triggers["items"], sinks["items"])
    stuck = [one for one in triggers["items"] if trigger_tone(one) == "stuck"]
    return Look(
        {
            "brokers": brokers["items"],
            "triggers": triggers["items"],
            "more_triggers": triggers["next"] is not None,
            "sources": sources["items"],
            "sinks": sinks["items"],
            "stuck": stuck[:STUCK_MAX],
            "more_stuck": max(0, len(stuck) - STUCK_MAX),
            "flow": flow_of(*lists),
        }
    )
