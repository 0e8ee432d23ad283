"""From a request to a job: which offsets it means, and what is refused before it begins."""

import re
from datetime import datetime

from broker.errors import Invalid
from broker.storage.log import Log
from triggers.filters.build import build_filter
from triggers.lane import Lane
from triggers.replay.job import RATE_PER_SECOND_MAX, ReplayJob, ReplayRequest

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
EVERYTHING = 1 << 62


def check(request: ReplayRequest) -> None:
    """Raises Invalid for what no broker could do."""
    if request.id is not None and not _ID.fullmatch(request.id):
        raise Invalid(
            f"{request.id!r} is no id of a job",
            code="bad-job-id",
            remedy="use at most 40 of a-z, 0-9 and -, a letter or digit first",
        )
    if not 0 < request.rate_per_second <= RATE_PER_SECOND_MAX:
        raise Invalid(
            f"a replay cannot run at {request.rate_per_second:g} events a second",
            code="bad-rate",
            remedy=f"ask for more than 0 and at most {RATE_PER_SECOND_MAX:g}",
        )
    if request.cesql is not None:
        build_filter([{"cesql": request.cesql}])


async def find_range(log: Log, routed: int, request: ReplayRequest) -> tuple[int, int]:
    """The first and the last offset that are meant; last = first - 1 where there is none.

    `routed` is the last offset there is. What is past retention is left out.
    """
    first = await _first(log, request.first)
    last = routed if request.last is None else await _last(log, request.last)
    last = min(last, routed)
    oldest = await log.read(max(0, first - 1), 1, 1)
    first = oldest[0].offset if oldest else last + 1
    if first > last and isinstance(request.first, int) and request.first > routed:
        raise Invalid(
            f"offset {request.first} is not stored yet, the last one is {routed}",
            code="bad-range",
            remedy="begin at an earlier offset, or at a time",
        )
    return first, max(last, first - 1)


async def _first(log: Log, first: int | datetime) -> int:
    return max(1, first) if isinstance(first, int) else await log.offset_at(first) + 1


async def _last(log: Log, last: int | datetime) -> int:
    return last if isinstance(last, int) else await log.offset_at(last)


def make_job(
    request: ReplayRequest, id: str, lane: Lane, span: tuple[int, int], by: str, now: datetime
) -> ReplayJob:
    """The job of a request that was checked, with the present filter of its trigger."""
    return ReplayJob(
        id=id,
        trigger=lane.name,
        first=span[0],
        last=span[1],
        filters=tuple(dict(one) for one in lane.spec.filters),
        attributes=None if lane.spec.attributes is None else dict(lane.spec.attributes),
        revision=lane.revisions[-1][0],
        cesql=request.cesql,
        rate_per_second=request.rate_per_second,
        to_sink=request.to_sink,
        in_order=request.in_order,
        by=by,
        reason=request.reason,
        created_at=now,
        digest=request.digest(),
    )
