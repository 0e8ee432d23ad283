"""One event sent to a sink to be looked at: as it is sent, as it is answered, what it means."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from broker.delivery import Delivery
from broker.errors import Invalid, Unavailable
from deploy.admin.access import Operator
from deploy.admin.explain import read_event
from deploy.admin.listings import sink_named
from deploy.admin.model_view import tried_view
from deploy.admin.naming import full_name
from deploy.admin.shown import shown
from deploy.models.figures import model_of
from deploy.running import Running
from sinks.trying import Triable
from triggers.enrolment import Endpoint
from triggers.lane import Lane

router = APIRouter(prefix="/api/v1")

TRY_SECONDS_MAX = 25.0  # before whoever asks has given up
TRIALS_MAX = 8  # at once: they come beside what the limits of their sinks allow


class Trial(BaseModel):
    """`event` is a structured CloudEvent; `trigger` whose delivery it is made to be."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "name": "iris",
                "event": {"specversion": "1.0", "id": "1", "source": "/garden", "type": "flower"},
            }
        },
    )

    name: Annotated[str, Field(max_length=8192)]
    event: dict[str, Any]
    trigger: Annotated[str | None, Field(max_length=512)] = None
    variant: Annotated[str | None, Field(max_length=256)] = None


@router.post(
    "/sink/try",
    responses=shown(
        {
            "sink": "InferenceSink default/iris",
            "trigger": "default/classify",
            "variant": None,
            "class": "ok",
            "message": None,
            "seconds": 0.0121,
            "request": {
                "method": "POST",
                "url": "http://iris:8080/v1/models/iris:predict",
                "headers": [["content-type", "application/json"]],
                "body": '{"instances":[[5.1,3.5,1.4,0.2]]}',
                "body_bytes": 33,
            },
            "answer": {
                "status": 200,
                "headers": [["content-type", "application/json"]],
                "body": '{"predictions":[0]}',
                "body_bytes": 19,
            },
            "reply": {"type": "com.example.flower.classified", "data": "0"},
        }
    ),
)
async def try_sink(request: Request, by: Operator, asked: Trial) -> dict[str, Any]:
    """Send one event to a sink now, and show the request, the answer and what it would mean.

    Nothing is stored, settled or counted: no breaker, hold or limit hears of it. It is a real
    call all the same, and a sleeping model may wake. Answers within 25 s.
    """
    running: Running = request.app.state.running
    name, endpoint = sink_named(running, asked.name)
    if not isinstance(endpoint.sink, Triable):
        raise Invalid(
            f"{name} cannot be tried: what it takes, it keeps",
            code="not-triable",
            remedy="try an HTTP subscriber or an InferenceSink; headrace send publishes an event",
        )
    lane = _lane_to(running, name, asked.trigger)
    delivery = Delivery(f"try-{by.name}", lane.name, 0, 1, "deliver", read_event(asked.event))
    if asked.variant is not None:
        _check_variant(endpoint, asked.variant)
    async with _place(request):
        deadline = running.clock.monotonic() + TRY_SECONDS_MAX
        tried = await endpoint.sink.try_one(delivery, deadline, asked.variant)
    return {"sink": name, "trigger": lane.name, **tried_view(tried)}


def _lane_to(running: Running, sink: str, trigger: str | None) -> Lane:
    """The trigger that is asked for, else the first by name, of those that deliver to `sink`."""
    lanes = {name: lane for name, (_, lane) in running.lanes().items() if lane.sink.name == sink}
    wanted = None if trigger is None else full_name(trigger)
    if wanted is not None and wanted not in lanes:
        raise Invalid(
            f"no trigger {wanted} delivers to {sink}",
            code="not-found",
            where="trigger",
            remedy=f"name one of: {', '.join(sorted(lanes))}",
        )
    if not lanes:
        raise Invalid(
            f"only dead letters go to {sink}",
            code="not-triable",
            remedy="try the sink of a trigger: headrace sinks lists them",
        )
    return lanes[wanted or min(lanes)]


def _check_variant(endpoint: Endpoint, variant: str) -> None:
    model = model_of(endpoint.sink, endpoint.target)
    known = [] if model is None else [one for one in model.variants if one]
    if variant not in known:
        raise Invalid(
            f"{endpoint.sink.name} has no variant {variant[:64]!r}",
            code="unknown-variant",
            where="variant",
            remedy=f"name one of: {', '.join(known)}" if known else "leave it out",
        )


@asynccontextmanager
async def _place(request: Request) -> AsyncIterator[None]:
    trials: asyncio.Semaphore = request.app.state.trials
    if trials.locked():
        raise Unavailable(f"{TRIALS_MAX} sinks are being tried already", code="busy")
    async with trials:
        yield
