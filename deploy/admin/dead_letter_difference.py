"""A dead letter beside the nearest event like it that its trigger did deliver."""

from typing import Any

from fastapi import APIRouter, Request

from deploy.admin.access import Viewer
from deploy.admin.dead_letters import find_letter
from deploy.admin.difference_view import differences_view
from deploy.admin.examples import MOMENT
from deploy.admin.shown import shown
from deploy.admin.views import when
from triggers.differences import differences
from triggers.story.nearest import Search

router = APIRouter(prefix="/api/v1")

SHOWN = {
    "id": "3nq6u7a2w4c5d6e7",
    "looked": 812,
    "is_complete": True,
    "other": {"offset": 1203, "id": "a-16", "stored_at": MOMENT},
    "attributes": [{"name": "id", "this": "a-17", "other": "a-16", "how": "changed"}],
    "data": {
        "is_json": True,
        "is_same": False,
        "is_same_bytes": False,
        "is_cut": False,
        "rows": [{"path": "/total", "this": '"3"', "other": "3", "how": "changed"}],
    },
}


@router.get("/dead-letters/{id}/difference", responses=shown(SHOWN))
async def difference(request: Request, by: Viewer, id: str) -> dict[str, Any]:
    """Compare it with the nearest event of its type that its trigger delivered, in the log.

    `other` is null where there is none among the `looked` events; with `is_complete` there is
    none in the log at all.
    """
    broker, letter = await find_letter(request.app.state.running, id)
    found = await Search(broker.partition, letter).nearest()
    told = {"id": letter.id, "looked": found.looked, "is_complete": found.is_complete}
    if found.stored is None:
        return {**told, "other": None, "attributes": [], "data": None}
    other = found.stored
    return {
        **told,
        "other": {
            "offset": other.offset,
            "id": other.event.id,
            "stored_at": when(other.stored_at),
        },
        **differences_view(differences(letter.event, other.event)),
    }
