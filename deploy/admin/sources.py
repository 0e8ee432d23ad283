"""Sources: how each stands and how far it is, and its valve."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request

from broker.errors import Invalid
from deploy.admin.access import Looker, Operator
from deploy.admin.listings import Cursor, Limit, missing, page_of
from deploy.admin.shown import shown
from deploy.admin.steering import Why
from deploy.admin.views import when
from deploy.running import Running
from deploy.sources.fleet import Fleet
from deploy.sources.supervisor import Failure
from deploy.sources.view import Pause, SourceView

router = APIRouter(prefix="/api/v1/sources")


@router.get("")
async def sources(
    request: Request, by: Looker, limit: Limit = 50, cursor: Cursor = None
) -> dict[str, Any]:
    """List the sources, by name: state, lag, rate, position, the last error."""
    page, following = page_of(views_of(request.app.state.running), limit, cursor)
    return {"items": [source_view(view) for _, view in page], "next": following}


@router.get("/{namespace}/{name}")
async def source(request: Request, by: Looker, namespace: str, name: str) -> dict[str, Any]:
    """Show all of one source: where it stands, how it is configured, why it failed last."""
    _, view = _found(request, namespace, name)
    return source_detail(view)


@router.post(
    "/{namespace}/{name}/pause",
    responses=shown({"source": "default/orders", "paused": True, "changed": True}),
)
async def pause(
    request: Request, by: Operator, namespace: str, name: str, body: Why
) -> dict[str, Any]:
    """Let a source make no more events. It keeps its position, and leaves its origin alone.

    It stays paused over restarts and reloads, until it is resumed. `changed` is false where
    it was paused already.
    """
    fleet, view = _found(request, namespace, name)
    changed = await fleet.pause(view.name, by.name, body.reason)
    return {"source": view.name, "paused": True, "changed": changed}


@router.post(
    "/{namespace}/{name}/resume",
    responses=shown({"source": "default/orders", "paused": False, "changed": True}),
)
async def resume(
    request: Request, by: Operator, namespace: str, name: str, body: Why
) -> dict[str, Any]:
    """Run a source again from its position. `changed` is false where it was not paused."""
    fleet, view = _found(request, namespace, name)
    changed = await fleet.resume(view.name, by.name, body.reason)
    return {"source": view.name, "paused": False, "changed": changed}


def views_of(running: Running) -> Mapping[str, SourceView]:
    """By name; none before the sources have started."""
    fleet = running.sources
    return {} if fleet is None else {view.name: view for view in fleet.items()}


def source_view(view: SourceView) -> dict[str, Any]:
    rate = view.rate_per_second
    return {
        "name": view.name,
        "kind": view.kind,
        "state": view.state,
        "connected": view.connected,
        "broker": view.broker,
        "sink": view.sink,
        "lag": view.lag,
        "rate_per_second": None if rate is None else round(rate, 2),
        "events": view.events,
        "duplicates": view.duplicates,
        "refused": view.refused,
        "errors": view.errors,
        "position": view.position,
        "last_event_at": when(view.last_event_at),
        "last_error": None if view.last_error is None else failure_view(view.last_error),
        "retry_at": when(view.retry_at),
    }


def source_detail(view: SourceView) -> dict[str, Any]:
    """All there is to know of one source."""
    return {
        **source_view(view),
        "detail": view.detail,
        "pause": None if view.pause is None else pause_view(view.pause),
        "spec": dict(view.spec) or None,
    }


def failure_view(failure: Failure) -> dict[str, Any]:
    """`message` may quote the origin: who sees no payload sees the code and the remedy."""
    return {
        "code": failure.code,
        "message": failure.what,
        "remedy": failure.remedy,
        "at": when(failure.at),
    }


def pause_view(pause: Pause) -> dict[str, Any]:
    return {"by": pause.by, "since": when(pause.at), "reason": pause.reason}


def _found(request: Request, namespace: str, name: str) -> tuple[Fleet, SourceView]:
    """The source of that name among all. Raises Invalid(code="not-found")."""
    fleet: Fleet | None = request.app.state.running.sources
    full = f"{namespace}/{name}"
    try:
        if fleet is not None:
            return fleet, fleet.get(full)
    except Invalid as error:
        raise missing(f"source {full}", "sources") from error
    raise missing(f"source {full}", "sources")
