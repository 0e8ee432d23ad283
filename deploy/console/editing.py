"""One dead letter beside a delivered event, and edited: what changes is shown before it is sent."""

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from broker.errors import Invalid
from deploy.admin.access import Operator, Viewer
from deploy.console.asking import Asking, Refused
from deploy.console.door import fields_of
from deploy.console.pages import see, show
from deploy.console.words import link

router = APIRouter(include_in_schema=False)

SHOWN_STATUSES = (400, 409, 413)  # mended in the form itself
ORIGINAL = "original"


@router.get("/dead-letters/{id}/difference")
async def difference(request: Request, by: Viewer, id: str) -> Response:
    """What is different from the nearest that was delivered."""
    asking = Asking(request, by)
    one = await asking.get("dead-letters", id, "difference")
    letter = await asking.get("dead-letters", id)
    told = {"broker": letter["broker"], "heads": ("This, dead", "The other, delivered")}
    found = _rows_of(one) if one["other"] else {}
    return show(request, "difference.html", one=one, found=found, **told)


@router.get("/dead-letters/{id}/edit")
async def editor(request: Request, by: Viewer, id: str, begin: str = "") -> Response:
    """The event as text, to be changed: of the edit before, where that has not succeeded."""
    one = await Asking(request, by).get("dead-letters", id, "edit")
    last = None if begin == ORIGINAL else one["last"]
    return _show(request, one, one["text"] if last is None else last["text"], last=last)


@router.post("/dead-letters/{id}/edit")
async def edit(request: Request, by: Operator, id: str) -> Response:
    """Show what would change; confirmed, send it."""
    sent, asking = fields_of(await request.body()), Asking(request, by)
    one = await asking.get("dead-letters", id, "edit")
    # A form ends all lines alike (HTML, 4.10.22.4), whatever the data had.
    text, reason = sent.get("text", "").replace("\r\n", "\n"), sent.get("reason", "")
    is_confirmed = bool(sent.get("confirmed"))
    try:
        _check_json(text)
        acted = await asking.post(
            "dead-letters", id, "edit", text=text, reason=reason, dry_run=not is_confirmed
        )
    except (Refused, Invalid) as refused:
        if isinstance(refused, Refused) and refused.status not in SHOWN_STATUSES:
            raise
        return _show(request, one, text, reason, refused=refused)
    if is_confirmed:
        return see(link("/dead-letters", id))
    return _show(request, one, text, reason, acted)


def _show(
    request: Request,
    one: Mapping[str, Any],
    text: str,
    reason: str = "",
    shown: Mapping[str, Any] | None = None,
    refused: Invalid | Refused | None = None,
    last: Mapping[str, Any] | None = None,
) -> Response:
    changes: Mapping[str, Any] = {} if shown is None else _rows_of(shown)
    return show(
        request,
        "edit.html",
        400 if refused else 200,
        one=one,
        text=text,
        reason=reason,
        shown=shown,
        refused=refused,
        last=last,
        attributes=changes.get("attributes", []),
        changes=changes.get("data", []),
    )


def _check_json(text: str) -> None:
    """Raises Invalid saying where it goes wrong."""
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Invalid(
            f"this is no JSON: {error.msg}",
            where=f"line {error.lineno}, column {error.colno}",
            remedy="mend it there",
        ) from error


def _rows_of(changes: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    """Attributes and data as rows alike."""
    attributes = [{**row, "path": row["name"]} for row in changes["attributes"]]
    return {"attributes": attributes, "data": list(changes["data"]["rows"])}
