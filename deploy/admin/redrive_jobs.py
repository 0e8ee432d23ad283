"""Redrive jobs: how far each is, its valve, and what failed again."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from broker.errors import Invalid
from deploy.admin.access import Looker, Operator
from deploy.admin.events import Limit
from deploy.admin.paging import bad_cursor, job_name, page_after
from deploy.admin.plan_view import JOB, job_view
from deploy.admin.plans import PlanId, redrives_of
from deploy.admin.shown import shown
from deploy.admin.steering import Why
from deploy.admin.writing import check_writes
from deploy.running import Running, RunningBroker
from triggers.redrive import RedriveJob, Redrives

router = APIRouter(prefix="/api/v1")

FAILED = {"items": [{"id": "3nq6u7a2w4c5d6e7", "group": "sjslts3vhzxzilej"}], "next": None}


@router.get("/redrive-jobs", responses=shown({"items": [dict(JOB)], "next": None}))
async def jobs(
    request: Request,
    by: Looker,
    limit: Limit = 50,
    cursor: Annotated[str | None, Query(max_length=600)] = None,
) -> dict[str, Any]:
    """List redrive jobs: those that have not ended first, then the latest of the others."""
    running: Running = request.app.state.running
    items = [
        _view(redrives, job)
        for redrives in map(redrives_of, running.brokers.values())
        for job in redrives.all()
    ]
    items.sort(key=lambda item: (item["ended_at"] is None, item["began_at"]), reverse=True)
    page, following = page_after(items, cursor, limit, job_name)
    return {"items": page, "next": following}


@router.get("/redrive-jobs/{id}", responses=shown(JOB))
async def job(request: Request, by: Looker, id: PlanId) -> dict[str, Any]:
    """Show how far one redrive is: delivered, failed again, waiting, left."""
    _, redrives, found = find_job(request, id)
    return _view(redrives, found)


@router.post("/redrive-jobs/{id}/pause", responses=shown({**JOB, "state": "paused"}))
async def pause(request: Request, by: Operator, id: PlanId, wanted: Why) -> dict[str, Any]:
    """Send no more; what is under way goes on."""
    redrives = steered(request, id)
    return _view(redrives, await redrives.pause(id, by.name, wanted.reason))


@router.post("/redrive-jobs/{id}/resume", responses=shown(JOB))
async def resume(request: Request, by: Operator, id: PlanId, wanted: Why) -> dict[str, Any]:
    """Go on where it was paused."""
    redrives = steered(request, id)
    return _view(redrives, await redrives.resume(id, by.name, wanted.reason))


@router.post("/redrive-jobs/{id}/cancel", responses=shown({**JOB, "state": "cancelled"}))
async def cancel(request: Request, by: Operator, id: PlanId, wanted: Why) -> dict[str, Any]:
    """Leave the rest on the desk as it is; what is under way ends by itself."""
    redrives = steered(request, id)
    return _view(redrives, await redrives.cancel(id, by.name, wanted.reason))


@router.get("/redrive-jobs/{id}/failed", responses=shown(FAILED))
async def failed(
    request: Request,
    by: Looker,
    id: PlanId,
    limit: Limit = 50,
    cursor: Annotated[str | None, Query(max_length=20)] = None,
) -> dict[str, Any]:
    """List what failed again in this job, each with the group that it is of since."""
    _, redrives, _ = find_job(request, id)
    if cursor is not None and not (cursor.isascii() and cursor.isdecimal()):
        raise bad_cursor()
    after = int(cursor or 0)
    found = await redrives.failed(id, after, limit + 1)
    items = [{"id": letter, "group": group} for letter, group in found[:limit]]
    return {"items": items, "next": str(after + limit) if len(found) > limit else None}


def steered(request: Request, id: str) -> Redrives:
    """Those of the broker of a job that is to change."""
    broker, redrives, _ = find_job(request, id)
    check_writes(broker)
    return redrives


def find_job(request: Request, id: str) -> tuple[RunningBroker, Redrives, RedriveJob]:
    """A job, and where it is. Raises Invalid(code="not-found")."""
    running: Running = request.app.state.running
    for broker in running.brokers.values():
        redrives = redrives_of(broker)
        if (found := redrives.find(id)) is not None:
            return broker, redrives, found
    raise Invalid(
        f"no redrive {id}", code="not-found", remedy="headrace dead-letters jobs lists them"
    )


def _view(redrives: Redrives, job: RedriveJob) -> dict[str, Any]:
    return job_view(job, redrives.tending.per_second(job))
