"""What is done with dead letters that are named one by one: redrive, discard, restore.

Of those that a query or a group means a plan is made first (see plans), so that what is done
is what was shown.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from deploy.admin.access import Operator, check_recent
from deploy.admin.events import choose_brokers
from deploy.admin.naming import BrokerName, LetterId
from deploy.admin.writing import letter_desk
from deploy.running import Running
from triggers.redrive import SLICE_LETTERS, WHY, Acted, LetterDesk, Refused

router = APIRouter(prefix="/api/v1")

Act = Callable[[LetterDesk, Sequence[str]], Awaitable[Acted]]
Ids = Annotated[list[LetterId], Field(min_length=1, max_length=SLICE_LETTERS)]
Reason = Annotated[str, Field(max_length=1000)]


class Chosen(BaseModel):
    """Which, and why for the audit."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"ids": ["3nq6u7a2w4c5d6e7"], "reason": "model is back"}},
    )
    ids: Ids
    broker: BrokerName = None
    reason: Reason = ""


class Unwanted(Chosen):
    """Which, and why: nobody discards without saying so."""

    reason: Annotated[Reason, Field(min_length=1)]


class Asked(BaseModel):
    """Ids."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"ids": ["3nq6u7a2w4c5d6e7"]}}
    )
    ids: Annotated[list[LetterId], Field(max_length=SLICE_LETTERS)]


@router.post("/dead-letters/redrive")
async def redrive(request: Request, by: Operator, chosen: Chosen) -> dict[str, Any]:
    """Deliver them again, each to its trigger: it leaves the desk with the sink's 2xx.

    One whose reply was refused, or whose answer was lost, makes its call a second time.
    """
    return await _act(request, chosen, lambda desk, ids: desk.redrive(ids, by.name, chosen.reason))


@router.post("/dead-letters/discard")
async def discard(request: Request, by: Operator, chosen: Unwanted) -> dict[str, Any]:
    """Put them in the bin, from which they can be restored for seven days."""
    return await _act(request, chosen, lambda desk, ids: desk.discard(ids, by.name, chosen.reason))


@router.post("/dead-letters/restore")
async def restore(request: Request, by: Operator, chosen: Chosen) -> dict[str, Any]:
    """Take discarded ones out of the bin again."""
    return await _act(request, chosen, lambda desk, ids: desk.restore(ids, by.name, chosen.reason))


@router.post("/dead-letters/states")
async def states(request: Request, by: Operator, asked: Asked) -> dict[str, Any]:
    """Say the state of each, to follow a redrive; those that are gone are left out."""
    found: dict[str, str] = {}
    for one in request.app.state.running.brokers.values():
        kept = await one.engine.desk.states(asked.ids)
        found |= {letter: state.value for letter, state in kept.items()}
    return {"states": found}


async def _act(request: Request, chosen: Chosen, act: Act) -> dict[str, Any]:
    """In each broker on those that it keeps."""
    if len(chosen.ids) > 1:
        check_recent(request)
    running: Running = request.app.state.running
    moved: list[str] = []
    refused: list[Refused] = []
    for broker in choose_brokers(running, chosen.broker):
        if ids := list(await broker.engine.desk.states(chosen.ids)):
            acted = await act(letter_desk(broker), ids)
            moved += acted.moved
            refused += acted.refused
    missing = set(chosen.ids) - {*moved, *(one.id for one in refused)}
    refused += [Refused(one, "unknown") for one in sorted(missing)]
    return {
        "count": len(moved),
        "moved": moved,
        "refused": [{"id": one.id, "why": one.why, "text": WHY[one.why]} for one in refused],
    }
