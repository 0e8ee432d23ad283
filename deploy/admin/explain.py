"""Explain: would an event match, clause by clause, asked of the triggers that run."""

import asyncio
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from broker.codec import decode_structured
from broker.errors import Invalid
from broker.event import Event
from deploy.admin.access import Looker
from deploy.admin.events import one_broker
from deploy.admin.naming import full_name
from deploy.explanation_view import clause_line, explanation_view
from deploy.running import Running
from triggers.filters.explanation import Explanation, explain_stored
from triggers.lane import Lane

router = APIRouter(prefix="/api/v1")

LANES_A_TURN = 50  # of the event loop
Name = Annotated[str | None, Field(max_length=512)]


class Question(BaseModel):
    """`event` is a structured CloudEvent; without `trigger` all of the broker are asked."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "event": {"specversion": "1.0", "id": "1", "source": "/shop", "type": "sold"},
                "trigger": "default/classify",
            }
        },
    )

    event: dict[str, Any]
    trigger: Name = None
    broker: Name = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 50
    cursor: Name = None


@router.post("/explain")
async def explain(request: Request, by: Looker, question: Question) -> dict[str, Any]:
    """Explain what triggers make of an event that is given, by their present revisions.

    For one trigger every clause is told; for all of a broker whether each matches, and the
    clause that decided. Nothing is stored or delivered.
    """
    running: Running = request.app.state.running
    event = read_event(question.event)
    if question.trigger is not None:
        lane = _lane(running, question.trigger)
        return {**_named(lane), **explanation_view(_explain(lane, event))}
    return await _explain_all(running, question, event)


def read_event(document: dict[str, Any]) -> Event:
    """The event of a document in JSON. Raises Invalid."""
    try:
        return decode_structured(orjson.dumps(document))
    except orjson.JSONEncodeError as error:
        raise Invalid(
            "the event cannot be written as JSON again: too large a number, or nested too deep",
            code="bad-event",
            where="event",
            remedy="send an event that a publisher could send",
        ) from error


async def _explain_all(running: Running, question: Question, event: Event) -> dict[str, Any]:
    lanes = one_broker(running, question.broker).partition.lanes
    names = sorted(
        name
        for name, lane in lanes.items()
        if not lane.is_companion and name > (question.cursor or "")
    )
    items = []
    for number, name in enumerate(names[: question.limit], 1):
        explained = _explain(lanes[name], event)
        named = {**_named(lanes[name]), "matched": explained.matched}
        items.append({**named, "deciding": clause_line(explained.deciding)})
        if number % LANES_A_TURN == 0:
            await asyncio.sleep(0)
    is_more = len(names) > question.limit
    return {"items": items, "next": items[-1]["trigger"] if is_more else None}


def _lane(running: Running, name: str) -> Lane:
    full = full_name(name)
    found = running.lanes().get(full)
    if found is None:
        raise Invalid(f"no trigger {full}", code="not-found", remedy="headrace triggers lists them")
    return found[1]


def _named(lane: Lane) -> dict[str, Any]:
    return {"trigger": lane.name, "revision": lane.revisions[-1][0]}


def _explain(lane: Lane, event: Event) -> Explanation:
    return explain_stored(lane.spec.filters, lane.spec.attributes, event)
