"""File jobs: looked at, paused, resumed, cancelled, their errors tried again."""

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request

from broker.errors import Invalid
from deploy.admin.access import Looker, Operator
from deploy.admin.file_view import EXAMPLE, shown, view
from deploy.admin.naming import full_name
from deploy.admin.paging import page_after
from deploy.admin.steering import Why
from deploy.running import Running, RunningBroker

if TYPE_CHECKING:  # few have file jobs: then a partition imports them
    from triggers.file_jobs.verbs import FileJobs, FileProgress

router = APIRouter(prefix="/api/v1")


@router.get("/files", responses={200: {"content": {"application/json": {
    "example": {"items": [dict(EXAMPLE)], "next": None}}}}})  # fmt: skip
async def files(
    request: Request,
    by: Looker,
    trigger: Annotated[str | None, Query(max_length=512)] = None,
    state: Annotated[str | None, Query(max_length=20)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    cursor: Annotated[str | None, Query(max_length=600)] = None,
) -> dict[str, Any]:
    """List file jobs: those that have not ended first, then the latest of the others."""
    found = [
        (broker, progress)
        for broker, jobs in _all(request)
        for progress in jobs.all()
        if (trigger is None or progress.job.trigger == full_name(trigger))
        and (state is None or progress.job.state == state)
    ]
    found.sort(key=lambda pair: (pair[1].job.is_open, pair[1].job.created_at), reverse=True)
    page, following = page_after(found, cursor, limit, lambda pair: pair[1].job.id)
    return {"items": [view(*pair) for pair in page], "next": following}


@router.get("/files/{id}", responses=shown())
async def file(request: Request, by: Looker, id: str) -> dict[str, Any]:
    """Show how far one job is: records, rate, time left, what became of them, its outputs.

    An id may be shortened to its beginning, six characters at least.
    """
    broker, _, progress = _find(request, id)
    return view(broker, progress)


@router.post("/files/{id}/pause", responses=shown(state="paused", changed=True))
async def pause(request: Request, by: Operator, id: str, body: Why) -> dict[str, Any]:
    """Begin no more chunks. What is done is kept, over restarts too."""
    broker, jobs, found = _find(request, id)
    progress, changed = await jobs.pause(found.job.id, by.name, body.reason)
    return {**view(broker, progress), "changed": changed}


@router.post("/files/{id}/resume", responses=shown(state="waiting", changed=True))
async def resume(request: Request, by: Operator, id: str, body: Why) -> dict[str, Any]:
    """Go on after the last chunk that is done; also a job that has failed.

    The dead letter of a failed one stays: redriving that does both.
    """
    broker, jobs, found = _find(request, id)
    progress, changed = await jobs.resume(found.job.id, by.name, body.reason)
    return {**view(broker, progress), "changed": changed}


@router.post("/files/{id}/cancel", responses=shown(state="cancelled", changed=True))
async def cancel(request: Request, by: Operator, id: str, body: Why) -> dict[str, Any]:
    """End it and remove its parts. Its event becomes a dead letter, `operator`."""
    broker, jobs, found = _find(request, id)
    progress, changed = await jobs.cancel(found.job.id, by.name, body.reason)
    return {**view(broker, progress), "changed": changed}


@router.post("/files/{id}/retry-errors", responses=shown(state="waiting", changed=True))
async def retry_errors(request: Request, by: Operator, id: str, body: Why) -> dict[str, Any]:
    """Do the chunks again in which records failed; of a completed job all of them.

    `changed` is false where none failed. A job at work has to be paused first.
    """
    broker, jobs, found = _find(request, id)
    progress, changed = await jobs.retry_errors(found.job.id, by.name, body.reason)
    return {**view(broker, progress), "changed": changed}


def _all(request: Request) -> "list[tuple[RunningBroker, FileJobs]]":
    running: Running = request.app.state.running
    found = [(broker, broker.partition.files) for broker in running.brokers.values()]
    return [(broker, jobs) for broker, jobs in found if jobs is not None]


def _find(request: Request, id: str) -> "tuple[RunningBroker, FileJobs, FileProgress]":
    for broker, jobs in _all(request):
        if (progress := jobs.find(id)) is not None:
            return broker, jobs, progress
    remedy = "headrace files lists them"
    raise Invalid(f"no file job {id[:64]}", code="not-found", remedy=remedy)
