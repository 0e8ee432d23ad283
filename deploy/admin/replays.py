"""Replays: stored events delivered again, begun, looked at, paused, resumed and cancelled."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from broker.clock import EPOCH
from broker.errors import Conflict, Invalid
from deploy.admin.access import Looker, Operator, check_recent
from deploy.admin.naming import full_name
from deploy.admin.paging import job_name, page_after
from deploy.admin.replay_view import EXAMPLE, shown, view
from deploy.admin.steering import Why
from deploy.config.mistakes import InvalidValue
from deploy.config.quantities import moment
from deploy.running import Running, RunningBroker
from triggers.replay.job import RATE_PER_SECOND, RATE_PER_SECOND_MAX, ReplayRequest
from triggers.replay.progress import Progress
from triggers.replay.verbs import Replays

router = APIRouter(prefix="/api/v1")

OFFSET_MAX = (1 << 62) - 1
Offset = Annotated[int, Field(strict=True, ge=1, le=OFFSET_MAX)]
Place = Offset | Annotated[str, Field(max_length=64)]


class Create(BaseModel):
    """What to deliver again: from an offset, an RFC 3339 time or `earliest`, to an offset or a
    time (the end is the last offset unless said), one trigger's events, at `rate` a second.

    With an `id` asking twice makes one job. `dry_run` shows what would be made.
    """

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=False,
        json_schema_extra={
            "example": {
                "trigger": "classify",
                "from": "2026-03-01T02:00:00Z",
                "to": "2026-03-01T03:00:00Z",
                "filter": "subject LIKE 'eu-%'",
                "reason": "the model was broken over night",
            }
        },
    )
    trigger: Annotated[str, Field(max_length=512)]
    first: Annotated[Place, Field(alias="from")]
    last: Annotated[Place | None, Field(alias="to")] = None
    filter: Annotated[str | None, Field(max_length=16_384)] = None
    rate: Annotated[float, Field(gt=0, le=RATE_PER_SECOND_MAX)] = RATE_PER_SECOND
    to_sink: Annotated[str | None, Field(max_length=8_192)] = None
    in_order: bool = False
    reason: Annotated[str, Field(max_length=1_000)] = ""
    id: Annotated[str | None, Field(max_length=40)] = None
    dry_run: bool = False


@router.post("/replays", responses=shown(created=True))
async def create(request: Request, by: Operator, wanted: Create) -> dict[str, Any]:
    """Begin to deliver stored events again, to one trigger's sink or another URL.

    The trigger's own cursor and counts stay as they are. The range and the trigger's present
    filter are fixed now; what fails is retried by the trigger's policy.
    """
    broker = _broker_of(request, full_name(wanted.trigger))
    asked = _request(wanted)
    if asked.id is not None:
        for other, jobs in _all(request):
            if other is not broker and jobs.find(asked.id) is not None:
                raise Conflict(
                    f"{asked.id} is the id of a replay of {other.spec.name}",
                    code="job-exists",
                    remedy="choose another id, or none",
                )
    if wanted.dry_run:
        planned = view(broker, await _replays(broker).plan(asked, by.name))
        return {**planned, "id": wanted.id, "created": False}
    check_recent(request)
    progress, is_new = await _replays(broker).create(asked, by.name)
    return {**view(broker, progress), "created": is_new}


@router.get("/replays", responses={200: {"content": {"application/json": {
    "example": {"items": [dict(EXAMPLE)], "next": None}}}}})  # fmt: skip
async def replays(
    request: Request,
    by: Looker,
    trigger: Annotated[str | None, Query(max_length=512)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    cursor: Annotated[str | None, Query(max_length=600)] = None,
) -> dict[str, Any]:
    """List replays: those that have not ended first, then the latest of the others."""
    items = [
        view(broker, progress)
        for broker, jobs in _all(request)
        for progress in jobs.all()
        if trigger is None or progress.job.trigger == full_name(trigger)
    ]
    items.sort(key=lambda item: (item["ended_at"] is None, item["created_at"]), reverse=True)
    page, following = page_after(items, cursor, limit, job_name)
    return {"items": page, "next": following}


@router.get("/replays/{id}", responses=shown())
async def replay(request: Request, by: Looker, id: str) -> dict[str, Any]:
    """Show how far one replay is: offsets passed of all, its own tally, what is left."""
    broker, _, progress = _find(request, id)
    return view(broker, progress)


@router.post("/replays/{id}/pause", responses=shown(state="paused", changed=True))
async def pause(request: Request, by: Operator, id: str, wanted: Why) -> dict[str, Any]:
    """Begin no more calls. The log is kept for it, at most up to maxBacklogBytes."""
    broker, jobs, _ = _find(request, id)
    progress, changed = await jobs.pause(id, by.name, wanted.reason)
    return {**view(broker, progress), "changed": changed}


@router.post("/replays/{id}/resume", responses=shown(changed=True))
async def resume(request: Request, by: Operator, id: str, wanted: Why) -> dict[str, Any]:
    """Go on where it was paused."""
    broker, jobs, _ = _find(request, id)
    progress, changed = await jobs.resume(id, by.name, wanted.reason)
    return {**view(broker, progress), "changed": changed}


@router.post("/replays/{id}/cancel", responses=shown(state="cancelling", changed=True))
async def cancel(request: Request, by: Operator, id: str, wanted: Why) -> dict[str, Any]:
    """End it: calls under way are counted, what it has parked is not tried again."""
    broker, jobs, _ = _find(request, id)
    progress, changed = await jobs.cancel(id, by.name, wanted.reason)
    return {**view(broker, progress), "changed": changed}


def _request(wanted: Create) -> ReplayRequest:
    return ReplayRequest(
        trigger=full_name(wanted.trigger),
        first=_place("from", wanted.first),
        last=None if wanted.last is None else _place("to", wanted.last),
        cesql=wanted.filter,
        rate_per_second=wanted.rate,
        to_sink=wanted.to_sink,
        in_order=wanted.in_order,
        reason=wanted.reason,
        id=wanted.id,
    )


def _place(where: str, place: int | str) -> int | datetime:
    if isinstance(place, int):
        return place
    if place == "earliest":
        return EPOCH
    try:
        return moment(place)
    except InvalidValue as error:
        raise Invalid(
            f"{place[:80]!r} is no offset and no time",
            code="bad-range",
            where=where,
            remedy="write an offset, earliest, or a time such as 2026-03-01T09:30:00Z",
        ) from error


def _broker_of(request: Request, trigger: str) -> RunningBroker:
    running: Running = request.app.state.running
    found = running.lanes().get(trigger)
    if found is None:
        raise Invalid(
            f"no trigger {trigger}", code="not-found", remedy="headrace triggers lists them"
        )
    return found[0]


def _replays(broker: RunningBroker) -> Replays:
    replays = broker.partition.replays
    assert replays is not None, "the admin listener opens after all partitions have started"
    return replays


def _all(request: Request) -> list[tuple[RunningBroker, Replays]]:
    running: Running = request.app.state.running
    return [(broker, _replays(broker)) for broker in running.brokers.values()]


def _find(request: Request, id: str) -> tuple[RunningBroker, Replays, Progress]:
    for broker, jobs in _all(request):
        if (progress := jobs.find(id)) is not None:
            return broker, jobs, progress
    raise Invalid(
        f"no replay {id[:64]}",
        code="not-found",
        remedy="headrace replay list shows them",
    )
