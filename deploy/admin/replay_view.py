"""One replay as it is listed and shown, and as the description of the interface shows it."""

from collections.abc import Mapping
from typing import Any

from deploy.admin.views import when
from deploy.running import RunningBroker
from sinks.http_url import redacted
from triggers.replay.progress import Progress

EXAMPLE: Mapping[str, Any] = {
    "id": "260301-093000-4f1a",
    "broker": "default/default",
    "trigger": "default/classify",
    "state": "running",
    "why": "",
    "from_offset": 1000,
    "to_offset": 1999,
    "filter": "subject LIKE 'eu-%'",
    "rate": 50.0,
    "to_sink": None,
    "in_order": False,
    "sink": "https://orders.example/in",
    "by": "local",
    "reason": "the model was broken over night",
    "created_at": "2026-03-01T09:30:00.000Z",
    "ended_at": None,
    "passed": 250,
    "total": 1000,
    "matched": 120,
    "delivered": 117,
    "dead": 1,
    "discarded": 0,
    "parked": 2,
    "waiting": 0,
    "in_flight": 1,
    "per_second": 49.6,
    "seconds_left": 15.1,
}


def shown(**more: object) -> dict[int | str, dict[str, Any]]:
    """The answer as the description shows it."""
    return {200: {"content": {"application/json": {"example": {**EXAMPLE, **more}}}}}


def view(broker: RunningBroker, progress: Progress) -> dict[str, Any]:
    """One replay as it is shown; a URL without what may be secret in it."""
    job, tally = progress.job, progress.tally
    return {
        "id": job.id,
        "broker": broker.spec.name,
        "trigger": job.trigger,
        "state": job.state.value,
        "why": job.why,
        "from_offset": job.first,
        "to_offset": job.last,
        "filter": job.cesql,
        "rate": job.rate_per_second,
        "to_sink": None if job.to_sink is None else redacted(job.to_sink),
        "in_order": job.in_order,
        "sink": progress.sink,
        "by": job.by,
        "reason": job.reason,
        "created_at": when(job.created_at),
        "ended_at": when(job.ended_at),
        "passed": progress.passed,
        "total": job.events,
        "matched": tally.matched,
        "delivered": tally.delivered,
        "dead": tally.dead,
        "discarded": tally.discarded,
        "parked": progress.parked,
        "waiting": progress.waiting,
        "in_flight": progress.in_flight,
        "per_second": _rounded(progress.per_second),
        "seconds_left": _rounded(progress.seconds_left),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
