"""Edit one dead letter and deliver the copy to its trigger, in place of it."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from broker.errors import Conflict
from broker.storage.rows import DeadState
from deploy.admin.access import Operator, Viewer
from deploy.admin.dead_letters import find_letter
from deploy.admin.difference_view import differences_view
from deploy.admin.examples import MOMENT
from deploy.admin.shown import shown
from deploy.admin.views import when
from deploy.admin.writing import letter_desk
from triggers.differences import differences
from triggers.edits import PREFIX, document_of, edited_event, is_locked, read_edit
from triggers.redrive import WHY

router = APIRouter(prefix="/api/v1")

DOCUMENT: JsonDict = {
    "specversion": "1.0",
    "id": "a-17",
    "source": "/shop",
    "type": "order.placed",
    "datacontenttype": "application/json",
    "data": {"total": 3},
}
SHOWN = {
    "id": "3nq6u7a2w4c5d6e7",
    "state": "dead",
    "document": DOCUMENT,
    "locked": ["id", "source", "specversion"],
    "last": {"at": MOMENT, "by": "ann", "message": "HTTP 422", "document": DOCUMENT},
}
SENT = {
    "id": "3nq6u7a2w4c5d6e7",
    "edited_id": "a-17-edited-1",
    "state": "redriving",
    "dry_run": False,
    "attributes": [],
    "data": {
        "is_json": True,
        "is_same": False,
        "is_same_bytes": False,
        "is_cut": False,
        "rows": [{"path": "/total", "this": '"3"', "other": "3", "how": "changed"}],
    },
}


class Editing(BaseModel):
    """The whole event as it is to be delivered, and why; `dry_run` only shows what differs."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"document": DOCUMENT, "reason": "total was a text"}},
    )
    document: dict[str, Any]
    reason: Annotated[str, Field(min_length=1, max_length=1000)]
    dry_run: bool = False


@router.get("/dead-letters/{id}/edit", responses=shown(SHOWN))
async def editable(request: Request, by: Viewer, id: str) -> dict[str, Any]:
    """Show it as a document to edit; `last` is the edit before that failed, or is under way."""
    broker, letter = await find_letter(request.app.state.running, id)
    document, last = document_of(letter.event), None
    if (found := await broker.engine.records.get(PREFIX + letter.id)) is not None:
        edit = read_edit(found[0])
        last = {
            "at": when(edit.at),
            "by": edit.by,
            "message": edit.message,
            "document": {
                name: document.get(name, value) if is_locked(name) else value
                for name, value in document_of(edit.event).items()
                if not is_locked(name) or name in document
            },
        }
    return {
        "id": letter.id,
        "state": letter.state.value,
        "document": document,
        "locked": sorted(name for name in document if is_locked(name)),
        "last": last,
    }


@router.post("/dead-letters/{id}/edit", responses=shown(SENT))
async def edit(request: Request, by: Operator, id: str, wanted: Editing) -> dict[str, Any]:
    """Deliver an edited copy to its trigger only: id, source and headrace… stay.

    The copy has an id of its own. With the sink's 2xx for it the dead letter is
    `redriven-edited`; where it fails the dead letter is dead as before, and the edit is kept.
    """
    broker, letter = await find_letter(request.app.state.running, id)
    edited = edited_event(letter, wanted.document, broker.intake.options.limits)
    told = {
        "id": letter.id,
        "edited_id": edited.id,
        "dry_run": wanted.dry_run,
        **differences_view(differences(letter.event, edited)),
    }
    if wanted.dry_run:
        return {**told, "state": letter.state.value}
    acted = await letter_desk(broker).edit(letter.id, edited, by.name, wanted.reason)
    if acted.refused:
        why = acted.refused[0].why
        raise Conflict(
            f"it cannot be sent now: {WHY[why]}",
            code=f"letter-{why}",
            where=letter.id,
            remedy=f"headrace dead-letters show {letter.id} says how it is",
        )
    return {**told, "state": DeadState.REDRIVING.value}
