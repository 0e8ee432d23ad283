"""Edit one dead letter and deliver the copy to its trigger, in place of it."""

from typing import Annotated, Any, Self

import orjson
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator
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
from triggers.edits import (
    PREFIX,
    document_of,
    draft_of,
    edited_event,
    edited_text,
    is_locked,
    read_edit,
    text_of,
)
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
TEXT = orjson.dumps(DOCUMENT).decode()
TEXT_CHARACTERS_MAX = 1 << 20
SHOWN = {
    "id": "3nq6u7a2w4c5d6e7",
    "state": "dead",
    "document": DOCUMENT,
    "text": TEXT,
    "locked": ["id", "source", "specversion"],
    "last": {
        "edited_id": "a-17-edited-1",
        "at": MOMENT,
        "by": "ann",
        "message": "HTTP 422",
        "document": DOCUMENT,
        "text": TEXT,
    },
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
    """The whole event as it is to be delivered, and why; `dry_run` only shows what differs.

    As a `document`, or as the `text` of one, in which all that is not touched is kept as it is
    spelled: 1.50 stays 1.50, and a long number has all its digits.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"document": DOCUMENT, "reason": "total was a text"}},
    )
    document: dict[str, Any] | None = None
    text: Annotated[str | None, Field(max_length=TEXT_CHARACTERS_MAX)] = None
    reason: Annotated[str, Field(min_length=1, max_length=1000)]
    dry_run: bool = False

    @model_validator(mode="after")
    def say_it_once(self) -> Self:
        if (self.document is None) == (self.text is None):
            raise ValueError("say either a document or a text")
        return self


@router.get("/dead-letters/{id}/edit", responses=shown(SHOWN))
async def editable(request: Request, by: Viewer, id: str) -> dict[str, Any]:
    """Show it as a document to edit; `last` is the edit before that failed, or is under way."""
    broker, letter = await find_letter(request.app.state.running, id)
    document, last = document_of(letter.event), None
    text = text_of(letter.event)
    if (found := await broker.engine.records.get(PREFIX + letter.id)) is not None:
        edit = read_edit(found[0])
        last = {
            "edited_id": edit.event.id,
            "text": text_of(draft_of(letter.event, edit)),
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
        "text": text,
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
    limits = broker.intake.options.limits
    if wanted.text is not None:
        edited = edited_text(letter, wanted.text, limits)
    else:
        edited = edited_event(letter, wanted.document or {}, limits)
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
