"""One dead letter beside a delivered event, and edited: what changes is shown before it is sent."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from broker.errors import Invalid
from deploy.admin.access import Operator, Viewer
from deploy.console.asking import Asking, Refused
from deploy.console.done import back_to
from deploy.console.door import fields_of
from deploy.console.pages import show
from deploy.console.words import link

router = APIRouter(include_in_schema=False)

SHOWN_STATUSES = (400, 409, 413)  # mended in the form itself


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
async def editor(request: Request, by: Viewer, id: str) -> Response:
    """The event as JSON, to be changed."""
    one = await Asking(request, by).get("dead-letters", id, "edit")
    text = orjson.dumps(one["document"], option=orjson.OPT_INDENT_2).decode()
    return _show(request, id, one["locked"], text)


@router.post("/dead-letters/{id}/edit")
async def edit(request: Request, by: Operator, id: str) -> Response:
    """Show what would change; confirmed, send it."""
    sent, asking = fields_of(await request.body()), Asking(request, by)
    one = await asking.get("dead-letters", id, "edit")
    text, reason = sent.get("document", ""), sent.get("reason", "")
    is_confirmed = bool(sent.get("confirmed"))
    try:
        acted = await asking.post(
            "dead-letters", id, "edit",
            document=_document(text), reason=reason, dry_run=not is_confirmed,
        )  # fmt: skip
    except (Refused, Invalid) as refused:
        if isinstance(refused, Refused) and refused.status not in SHOWN_STATUSES:
            raise
        return _show(request, id, one["locked"], text, reason, refused=refused)
    if is_confirmed:
        return back_to(link("/dead-letters", id), "edit")
    return _show(request, id, one["locked"], text, reason, acted)


def _show(
    request: Request,
    id: str,
    locked: Sequence[str],
    text: str,
    reason: str = "",
    shown: Mapping[str, Any] | None = None,
    refused: Invalid | Refused | None = None,
) -> Response:
    changes: Mapping[str, Any] = {} if shown is None else _rows_of(shown)
    return show(
        request,
        "edit.html",
        400 if refused else 200,
        id=id,
        locked=locked,
        text=text,
        reason=reason,
        shown=shown,
        refused=refused,
        attributes=changes.get("attributes", []),
        changes=changes.get("data", []),
        is_changed=shown is not None and _is_changed(shown),
    )


def _document(text: str) -> Any:
    """The JSON of the form. Raises Invalid saying where it goes wrong."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Invalid(
            f"this is no JSON: {error.msg}",
            where=f"line {error.lineno}, column {error.colno}",
            remedy="mend it there",
        ) from error


def _is_changed(shown: Mapping[str, Any]) -> bool:
    """Whether somebody changed something: the new id and where it comes from are no change."""
    names = [row["name"] for row in shown["attributes"]]
    own = [name for name in names if name != "id" and not name.startswith("headrace")]
    return bool(own) or not shown["data"]["is_same"]


def _rows_of(changes: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    """Attributes and data as rows alike."""
    attributes = [{**row, "path": row["name"]} for row in changes["attributes"]]
    return {"attributes": attributes, "data": list(changes["data"]["rows"])}
