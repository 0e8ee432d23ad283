"""The weights of a sink's variants, and the signals by which model servers are scaled."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from broker.errors import Invalid
from deploy.admin.access import Looker, Operator
from deploy.admin.listings import lane_of, sink_named
from deploy.admin.model_view import set_view
from deploy.admin.shown import shown
from deploy.admin.states import facts_of
from deploy.admin.steering import REASON_CHARACTERS_MAX
from deploy.models.figures import load_of, signals_of
from deploy.running import Running

router = APIRouter(prefix="/api/v1")


class Weighting(BaseModel):
    """`weights` by variant, the others stay; or `rollback` to those before."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"example": {"name": "iris", "weights": {"canary": 10}}},
    )

    name: Annotated[str, Field(max_length=8192)]
    weights: Annotated[dict[str, int], Field(max_length=64)] = {}
    rollback: bool = False
    reason: str = Field(default="", max_length=REASON_CHARACTERS_MAX)


@router.post(
    "/sink/weight",
    responses=shown(
        {
            "sink": "InferenceSink default/iris",
            "changed": True,
            "set": 2,
            "weights": {"stable": 90, "canary": 10},
            "by": "ci",
            "at": "2026-03-01T09:30:00.000Z",
            "reason": "",
            "restores": None,
        }
    ),
)
async def weigh(request: Request, by: Operator, asked: Weighting) -> dict[str, Any]:
    """Change what share of the events each variant of a sink gets, or roll the last change back.

    It lasts over restarts and reloads, until the YAML's own weights change. Each set has a number
    and is never changed; `restores` is the number of the set that a rollback applied again.
    """
    running: Running = request.app.state.running
    name, _ = sink_named(running, asked.name)
    if bool(asked.weights) == asked.rollback:
        raise Invalid(
            "a change names weights, or is a rollback",
            code="bad-parameter",
            where="weights",
            remedy='send {"weights": {"canary": 10}}, or {"rollback": true}',
        )
    weighing = running.weighing
    before = None if weighing is None else weighing.history(name)
    if weighing is None or before is None:
        raise Invalid(
            f"{name} has no variants",
            code="no-variants",
            remedy="give it spec.variants in the configuration",
        )
    if asked.rollback:
        history = await weighing.roll_back(name, by.name, asked.reason)
    else:
        history = await weighing.weigh(name, asked.weights, by.name, asked.reason)
    return {"sink": name, "changed": history is not before, **set_view(history.now)}


@router.get(
    "/scale/{namespace}/{name}",
    responses=shown({"backlog": 120, "inflight": 2, "active": True, "desired": 3}),
)
async def scale(request: Request, by: Looker, namespace: str, name: str) -> dict[str, Any]:
    """Say what a trigger's sink has to do: for autoscalers such as KEDA's metrics-api.

    `active` is whether a server should run at all; `desired` how many, by spec.scale of the
    InferenceSink. `backlog` are the events that wait, parked ones among them.
    """
    running: Running = request.app.state.running
    broker, lane = lane_of(running, f"{namespace}/{name}")
    facts = await facts_of(broker, [lane])
    age_seconds = _age_seconds(facts.oldest.get(lane.name), running.clock.now())
    load = load_of(broker, lane, age_seconds)
    active, desired = signals_of(lane, load)
    return {
        "backlog": load.backlog,
        "inflight": load.in_flight,
        "active": active,
        "desired": desired,
    }


def _age_seconds(stored_at: datetime | None, now: datetime) -> float:
    return 0.0 if stored_at is None else max(0.0, (now - stored_at).total_seconds())
