"""One file job as it is listed and shown, and as the description of the interface shows it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from deploy.admin.views import when
from deploy.running import RunningBroker

if TYPE_CHECKING:  # few have file jobs: then a partition imports them
    from triggers.file_jobs.verbs import FileProgress

EXAMPLE: Mapping[str, Any] = {
    "id": "h63nrt6f6p3jzikfn3rdtfl6myn5tgvf",
    "broker": "default/default",
    "trigger": "default/predict-files",
    "sink": "FileBatch default/flowers",
    "state": "running",
    "reason": None,
    "message": None,
    "input": "in/iris.csv",
    "bytes": 22_888_943,
    "rows": 250_880,
    "total": 1_000_000,
    "share": 0.25,
    "ok": 250_870,
    "failed": 10,
    "skipped": 0,
    "chunks": 245,
    "rate": 52_102.3,
    "seconds_left": 14.4,
    "model": "iris",
    "model_version": None,
    "redrives": 0,
    "created_at": "2026-03-01T09:30:00.000Z",
    "started_at": "2026-03-01T09:30:00.010Z",
    "ended_at": None,
    "outputs": [],
}


def shown(**more: object) -> dict[int | str, dict[str, Any]]:
    """The answer as the description shows it."""
    return {200: {"content": {"application/json": {"example": {**EXAMPLE, **more}}}}}


def view(broker: RunningBroker, progress: "FileProgress") -> dict[str, Any]:
    """One job as it is shown. `message` may quote the model's answer."""
    job = progress.job
    return {
        "id": job.id,
        "broker": broker.spec.name,
        "trigger": job.trigger,
        "sink": f"FileBatch {job.sink}",
        "state": job.state.value,
        "reason": None if job.reason is None else job.reason.value,
        "message": job.why or None,
        "input": str(job.source),
        "bytes": job.head.size_bytes,
        "rows": job.rows,
        "total": progress.total,
        "share": None if progress.share is None else round(progress.share, 4),
        **job.counts._asdict(),
        "chunks": job.chunks,
        "rate": _rounded(progress.per_second),
        "seconds_left": _rounded(progress.seconds_left),
        "model": job.model or None,
        "model_version": job.version,
        "redrives": job.redrives,
        "created_at": when(job.created_at),
        "started_at": when(job.started_at),
        "ended_at": when(job.ended_at),
        "outputs": [
            {"place": str(place), "bytes": stored.size_bytes, "sha256": stored.sha256}
            for place, stored in job.outputs
        ],
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
