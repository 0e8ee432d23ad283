"""How a redrive job goes on: what each thing that comes about makes of it. Pure."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from triggers.redrive.canary import judge, noted
from triggers.redrive.job import OPEN, RedriveJob, State

GROUPS_COUNTED = 200  # groups of what failed again; those beyond count as one
OTHER_GROUPS = ""


def took(
    job: RedriveJob, taken: Mapping[str, int], moved: Collection[str], refused: Sequence[str]
) -> RedriveJob:
    """These were `taken`, each of a strand: those `moved` are on their way, the others refused."""
    more = Counter(taken.values())
    counts = tuple(count + more[strand] for strand, count in enumerate(job.taken))
    tally = replace(job.tally, started=job.tally.started + len(moved))
    waiting = {**job.waiting, **{one: taken[one] for one in moved}}
    by_why = Counter(job.refused_by) + Counter(refused)
    return replace(job, taken=counts, tally=tally, waiting=waiting, refused_by=dict(by_why))


def gone(job: RedriveJob, id: str, why: str) -> RedriveJob:
    """`id` was taken, but its move was not made: it was never sent."""
    tally = replace(job.tally, started=job.tally.started - 1)
    by_why = Counter(job.refused_by) + Counter([why])
    return replace(_without(job, [id]), tally=tally, refused_by=dict(by_why))


def tried(job: RedriveJob, id: str) -> RedriveJob:
    """An attempt of `id` failed, and it waits for the next."""
    return judge(noted(job, [id], is_failed=True))


def delivered(job: RedriveJob, *ids: str) -> RedriveJob:
    """All at once: a success after another changes no mind."""
    job = noted(job, ids, is_failed=False)
    tally = replace(job.tally, delivered=job.tally.delivered + len(ids))
    return judge(replace(_without(job, ids), tally=tally))


def failed_again(job: RedriveJob, id: str, group: str) -> RedriveJob:
    """`id` is dead again, of `group` now."""
    job = noted(job, [id], is_failed=True)
    tally = replace(job.tally, failed_again=job.tally.failed_again + 1)
    by_group = dict(job.failed_by_group)
    name = group if group in by_group or len(by_group) < GROUPS_COUNTED else OTHER_GROUPS
    by_group[name] = by_group.get(name, 0) + 1
    return judge(replace(_without(job, [id]), tally=tally, failed_by_group=by_group))


def taken_away(job: RedriveJob, id: str) -> RedriveJob:
    """Somebody discarded `id` while it was under way."""
    return replace(_without(job, [id]), tally=replace(job.tally, other=job.tally.other + 1))


def ended(job: RedriveJob, now: datetime) -> RedriveJob:
    """`job`, over where nothing is left to do for it."""
    if job.waiting or job.ended_at is not None or (job.state in OPEN and job.left):
        return job
    state = State.DONE if job.state in OPEN else job.state
    return replace(job, state=state, ended_at=now)


def ending(job: RedriveJob) -> RedriveJob:
    """As `job` is told while its end is not on disk: to whoever reads, it has not ended."""
    state = State.RUNNING if job.state is State.DONE else job.state
    return job if job.ended_at is None else replace(job, state=state, ended_at=None)


def _without(job: RedriveJob, ids: Collection[str]) -> RedriveJob:
    waiting = dict(job.waiting)
    for one in ids:
        waiting.pop(one, None)
    return replace(job, waiting=waiting, tried=job.tried.difference(ids))
