"""What is to become of a job after a chunk. Pure; time is an argument."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from broker.delivery import Reason
from sinks.file_batch.results import is_over_bound
from sinks.file_batch.spec import FailureSpec, LimitsSpec, ProgressSpec
from triggers.file_jobs.job import FileJob, State

VAIN_STARTS_MAX = 5  # of the process, without one chunk: then its file is what ends it


@dataclass(frozen=True, slots=True)
class Verdict:
    """The job fails, for good until somebody lets it go on."""

    reason: Reason
    why: str


def bound_of(job: FileJob, failure: FailureSpec, limits: LimitsSpec) -> Verdict | None:
    """The first of its bounds that a job has reached; None: it goes on."""
    if is_over_bound(job.failed, job.rows, failure):
        of = f"{job.failed:,} of {job.rows:,} records have failed"
        return Verdict(Reason.BAD_INPUT, f"{of}, more than failure.maxErrors allows")
    if limits.records_max is not None and job.rows > limits.records_max:
        why = f"it has more than {limits.records_max:,} records (limits.maxRecords)"
        return Verdict(Reason.ATTEMPTS, why)
    return None


def seconds_left(job: FileJob, limits: LimitsSpec, now: datetime) -> float | None:
    """Until its deadline, negative beyond it; None where it has none."""
    if limits.deadline_seconds is None:
        return None
    return limits.deadline_seconds - (now - (job.started_at or now)).total_seconds()


def overdue(limits: LimitsSpec) -> Verdict:
    why = f"it is not done after {limits.deadline_seconds:g} s (limits.deadline)"
    return Verdict(Reason.AGE, why)


def share_done(job: FileJob) -> float | None:
    """How much of the file is done, 0..1; None where nobody can tell.

    A position counts bytes of the plain stream: of a compressed file they are more than its size.
    """
    if job.state is State.COMPLETED:
        return 1.0
    size = job.head.size_bytes
    return job.position / size if 0 <= job.position <= size and size else None


def is_progress_due(job: FileJob, progress: ProgressSpec, now: datetime) -> bool:
    """Whether to tell how far it is: at every share, no sooner than so long after the last."""
    since = job.told_at or job.started_at or job.created_at
    if now - since < timedelta(seconds=progress.every_seconds):
        return False
    share = share_done(job)
    return share is None or share - job.told_share >= progress.share
