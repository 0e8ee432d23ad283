"""Brokers, triggers, sinks: what state each is in, as lists and one by one."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query, Request

from broker.errors import Invalid
from deploy.admin.access import Looker, Principal, Role
from deploy.admin.model_view import model_view, variant_states
from deploy.admin.naming import full_name
from deploy.admin.states import (
    broker_detail,
    broker_view,
    expiring,
    facts_of,
    sink_detail,
    sink_view,
    trigger_detail,
    trigger_view,
    without_words,
)
from deploy.models.figures import load_of, model_of
from deploy.running import Running, RunningBroker
from triggers.enrolment import Endpoint
from triggers.lane import Lane

router = APIRouter(prefix="/api/v1")

Limit = Annotated[int, Query(ge=1, le=1000)]
Cursor = Annotated[str | None, Query(max_length=8192)]
Named = TypeVar("Named")


@router.get("/brokers")
async def brokers(
    request: Request, by: Looker, limit: Limit = 50, cursor: Cursor = None
) -> dict[str, Any]:
    """List the brokers, by name: what they hold, what waits, what was refused."""
    running: Running = request.app.state.running
    page, following = page_of(running.brokers, limit, cursor)
    items = []
    for _, broker in page:
        dead = sum((await broker.engine.desk.totals()).values())
        items.append(broker_view(running, broker, await broker.engine.log.sizes(), dead))
    return {"items": items, "next": following}


@router.get("/brokers/{namespace}/{name}")
async def broker(request: Request, by: Looker, namespace: str, name: str) -> dict[str, Any]:
    """Show all of one broker: its log, what it refused by code, its triggers, its limits."""
    running: Running = request.app.state.running
    found = running.brokers.get(f"{namespace}/{name}")
    if found is None:
        raise missing(f"broker {namespace}/{name}", "brokers")
    return await broker_detail(running, found)


@router.get("/triggers")
async def triggers(
    request: Request, by: Looker, limit: Limit = 50, cursor: Cursor = None
) -> dict[str, Any]:
    """List the triggers, by name: state, backlog, oldest event, rates, the last error.

    `expiring_24h` are its dead letters that are forgotten within a day.
    """
    running: Running = request.app.state.running
    page, following = page_of(running.lanes(), limit, cursor)
    shown = [lane for _, (_, lane) in page]
    facts = {
        name: await facts_of(one, [lane for lane in shown if lane.name in one.partition.lanes])
        for name, one in running.brokers.items()
    }
    expire: dict[str, int] = {}
    for name, one in running.brokers.items():
        dead = [lane.name for lane in shown if facts[name].dead.get(lane.name)]
        expire |= await expiring(one, dead, running.clock.now())
    items = [
        trigger_view(running, one, lane, facts[one.spec.name])
        | {"expiring_24h": expire.get(lane.name, 0)}
        for _, (one, lane) in page
    ]
    return {"items": [seen(by, item) for item in items], "next": following}


@router.get("/triggers/{namespace}/{name}")
async def trigger(request: Request, by: Looker, namespace: str, name: str) -> dict[str, Any]:
    """Show all of one trigger: where it stands, how it is configured, how it failed."""
    running: Running = request.app.state.running
    one, lane = lane_of(running, f"{namespace}/{name}")
    return seen(by, await trigger_detail(running, one, lane))


@router.get("/sinks")
async def sinks(
    request: Request, by: Looker, limit: Limit = 50, cursor: Cursor = None
) -> dict[str, Any]:
    """List the sinks, by name: whether they are ready, held or open, how often they failed."""
    running: Running = request.app.state.running
    page, following = page_of(running.endpoints, limit, cursor)
    users = users_by_sink(running)
    items = [
        sink_view(name, one.target, users.get(name, [])) | variant_states(one) for name, one in page
    ]
    return {"items": items, "next": following}


# The name is a query: a URL in a path would be cut at its slashes and dots by half the proxies.
@router.get("/sink")
async def sink(
    request: Request, by: Looker, name: Annotated[str, Query(max_length=8192)]
) -> dict[str, Any]:
    """Show all of one sink: its breaker, who delivers to it, how that failed."""
    running: Running = request.app.state.running
    name, endpoint = sink_named(running, name)
    users = users_by_sink(running).get(name, [])
    detail = sink_detail(running, name, endpoint.target, users)
    detail["backlog"] = sum(
        load_of(one, lane, 0.0).backlog
        for one in running.brokers.values()
        for lane in users
        if one.partition.lanes.get(lane.name) is lane
    )
    if (model := model_of(endpoint.sink, endpoint.target)) is not None:
        weighing = running.weighing
        history = None if weighing is None else weighing.history(name)
        detail["model"] = model_view(running, model, history)
    return seen(by, detail)


def sink_named(running: Running, name: str) -> tuple[str, Endpoint]:
    """The sink that a listing has under `name`, or whose own name it is: iris, default/iris.

    Raises Invalid(code="not-found").
    """
    if (endpoint := running.endpoints.get(name)) is not None:
        return name, endpoint
    full = full_name(name)
    # No two sinks of a configuration have one name, whatever their kinds.
    found = next((one for one in running.endpoints if one.partition(" ")[2] == full), None)
    if found is None:
        raise missing(f"sink {name}", "sinks")
    return found, running.endpoints[found]


def seen(by: Principal, view: dict[str, Any]) -> dict[str, Any]:
    """`view` as whoever asks may see it."""
    return view if by.role >= Role.VIEWER else without_words(view)


def users_by_sink(running: Running) -> dict[str, list[Lane]]:
    """The lanes that deliver to each sink; those of deadLetterSinks are among them."""
    found: dict[str, list[Lane]] = {}
    for one in running.brokers.values():
        for lane in one.partition.lanes.values():
            found.setdefault(lane.sink.name, []).append(lane)
    return found


def lane_of(running: Running, name: str) -> tuple[RunningBroker, Lane]:
    """The trigger of that name, and its broker. Raises Invalid(code="not-found")."""
    for one in running.brokers.values():
        lane = one.partition.lanes.get(name)
        if lane is not None and not lane.is_companion:
            return one, lane
    raise missing(f"trigger {name}", "triggers")


def page_of(
    found: Mapping[str, Named], limit: int, cursor: str | None
) -> tuple[Sequence[tuple[str, Named]], str | None]:
    """The page after `cursor`, which is the last name of the page before, and its own cursor."""
    names = sorted(name for name in found if cursor is None or name > cursor)
    page = [(name, found[name]) for name in names[:limit]]
    return page, names[limit - 1] if len(names) > limit else None


def missing(what: str, command: str) -> Invalid:
    return Invalid(f"no {what}", code="not-found", remedy=f"headrace {command} lists them")
