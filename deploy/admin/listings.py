"""Brokers, triggers, sinks: what state each is in."""

from typing import Any

from fastapi import APIRouter, Request

from broker.errors import Invalid
from deploy.admin.views import broker_view, sink_view, trigger_detail, trigger_view
from deploy.running import Running

router = APIRouter(prefix="/api/v1")


@router.get("/brokers")
async def brokers(request: Request) -> dict[str, Any]:
    running: Running = request.app.state.running
    items = []
    for broker in running.brokers.values():
        dead = await broker.engine.desk.totals()
        items.append(broker_view(broker, await broker.engine.log.sizes(), sum(dead.values())))
    return {"items": items, "next": None}


@router.get("/triggers")
async def triggers(request: Request) -> dict[str, Any]:
    running: Running = request.app.state.running
    dead = {name: await broker.engine.desk.totals() for name, broker in running.brokers.items()}
    items = [
        trigger_view(broker, lane, dead[broker.spec.name].get(name, 0))
        for name, (broker, lane) in sorted(running.lanes().items())
    ]
    return {"items": items, "next": None}


@router.get("/triggers/{namespace}/{name}")
async def trigger(request: Request, namespace: str, name: str) -> dict[str, Any]:
    running: Running = request.app.state.running
    found = running.lanes().get(f"{namespace}/{name}")
    if found is None:
        raise Invalid(
            f"no trigger {namespace}/{name}",
            code="not-found",
            remedy="headrace triggers lists them",
        )
    broker, lane = found
    dead = await broker.engine.desk.totals()
    return trigger_detail(broker, lane, dead.get(lane.name, 0))


@router.get("/sinks")
async def sinks(request: Request) -> dict[str, Any]:
    running: Running = request.app.state.running
    lanes = [lane for _, lane in running.lanes().values()]
    items = [
        sink_view(name, endpoint.target, [one for one in lanes if one.sink is endpoint.sink])
        for name, endpoint in sorted(running.endpoints.items())
    ]
    return {"items": items, "next": None}
