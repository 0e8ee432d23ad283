"""An export put in again: looked at first, then published to the broker for all its triggers."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from broker.errors import Invalid
from deploy.admin.access import Operator
from deploy.console.asking import Asking, Refused
from deploy.console.door import fields_of
from deploy.console.looking import broker_names
from deploy.console.pages import show

router = APIRouter(include_in_schema=False)

LINES_MAX = 500  # in one form; the command line takes files of any length


@router.get("/dead-letters/import")
async def page(request: Request, by: Operator) -> Response:
    """The form."""
    return _show(request, {})


@router.post("/dead-letters/import")
async def put_in(request: Request, by: Operator) -> Response:
    """Show what would be published, as a plan; with the plan's id, publish it."""
    sent, asking = fields_of(await request.body()), Asking(request, by)
    try:
        lines = _lines(sent.get("lines", ""))
        if not (plan := sent.get("plan")):
            broker = sent.get("broker") or None
            told = await asking.post("dead-letters", "imports", lines=lines, broker=broker)
            return _show(request, sent, told)
        acting = {"lines": lines, "reason": sent.get("reason", "")}
        acted = await asking.post("dead-letters", "imports", plan, "act", **acting)
    except (Refused, Invalid) as refused:
        if isinstance(refused, Refused) and refused.status not in (400, 404, 409):
            raise
        return _show(request, sent, refused=refused)
    return _show(request, sent, acted["plan"])


def _show(
    request: Request,
    sent: Mapping[str, str],
    told: Mapping[str, Any] | None = None,
    refused: Invalid | Refused | None = None,
) -> Response:
    status = 400 if refused else 200
    fields = {name: sent.get(name, "") for name in ("lines", "broker", "reason")}
    brokers = broker_names(request)
    known = {"told": told, "refused": refused, "brokers": brokers, "lines_max": LINES_MAX}
    return show(request, "import.html", status, sent=fields, **known)


def _lines(text: str) -> list[str]:
    """Those of a text field, without the empty ones. Raises Invalid."""
    # Not splitlines: what else it splits at may stand inside of a JSON text.
    lines = [line for line in text.replace("\r\n", "\n").split("\n") if line.strip()]
    if not 0 < len(lines) <= LINES_MAX:
        raise Invalid(
            f"these are {len(lines)} lines, and from 1 to {LINES_MAX} can be put in here",
            where="lines",
            remedy="put in the lines of an export; headrace dead-letters import takes long files",
        )
    return lines
