"""The events of a job: accepted, on its way, completed, failed. Pure; their ids follow from it.

A repeat of one, by a process that went on where another died, is the same event again.
"""

from base64 import b32encode
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import orjson

from broker.codec import make_event
from broker.codec.values import FORBIDDEN
from broker.event import Event
from triggers.file_jobs.job import FileJob
from triggers.file_jobs.judging import share_done
from triggers.file_jobs.objects import shown

TYPE_PREFIX = "dev.headrace.file."
OUTPUTS_TOLD = 16


def accepted(job: FileJob, broker: str, now: datetime) -> Event:
    return _event(job, broker, "accepted", f"{job.redrives}", _input(job), now)


def progress(
    job: FileJob, broker: str, now: datetime, per_second: float | None, seconds_left: float | None
) -> Event:
    """`per_second` and `seconds_left` are None where nothing tells them."""
    share = share_done(job)
    told = {
        **_input(job),
        "done": job.rows,
        "total": total_rows(job),
        "share": None if share is None else round(share, 4),
        "ok": job.counts.ok,
        "failed": job.failed,
        "rate": None if per_second is None else round(per_second, 1),
        "eta": None if seconds_left is None else round(seconds_left),
    }
    return _event(job, broker, "progress", f"{job.redrives}/{job.rows}", told, now)


def completed(job: FileJob, broker: str, now: datetime) -> Event:
    *files, manifest = job.outputs
    told = {
        **_input(job),
        **_counts(job),
        "outputs": [
            {"place": str(place), "bytes": stored.size_bytes, "sha256": stored.sha256}
            for place, stored in files[:OUTPUTS_TOLD]
        ],
        "manifest": str(manifest.place),
        "model": job.model,
    }
    return _event(job, broker, "completed", f"{job.redrives}", told, now)


def failed(job: FileJob, broker: str, now: datetime) -> Event:
    told = {**_input(job), **_counts(job), "reason": job.reason, "why": job.why}
    return _event(job, broker, "failed", f"{job.redrives}/{job.rows}", told, now)


def total_rows(job: FileJob) -> int | None:
    """As many as there were; while it goes on, what the share that is done lets expect."""
    share = share_done(job)
    if not share:
        return None
    return job.rows if share >= 1.0 else max(job.rows, round(job.rows / share))


def _input(job: FileJob) -> dict[str, Any]:
    return {"input": str(job.source), "bytes": job.head.size_bytes}


def _counts(job: FileJob) -> dict[str, Any]:
    return {"rows": job.rows, **job.counts._asdict()}


def _event(
    job: FileJob, broker: str, what: str, which: str, data: Mapping[str, Any], now: datetime
) -> Event:
    facts = "\0".join((job.trigger, job.id, what, which))
    attributes = {
        "specversion": "1.0",
        "id": b32encode(sha256(facts.encode()).digest()).decode("ascii").rstrip("=").lower(),
        "source": source_of(job.trigger, broker),
        "type": TYPE_PREFIX + what,
        "subject": subject_of(job),
        "time": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "jobid": job.id,
    }
    return make_event(attributes, orjson.dumps({"job": job.id, **data}))


def source_of(trigger: str, broker: str) -> str:
    """`/{namespace}/{broker}/{trigger}`, as replies of models have it."""
    namespace, _, name = trigger.partition("/")
    return f"/{namespace}/{broker.rpartition('/')[2]}/{name}"


def subject_of(job: FileJob) -> str:
    """The file's key, percent-encoded where it holds what no attribute may."""
    key = shown(job.source)
    return quote(key) if FORBIDDEN.search(key) else key
