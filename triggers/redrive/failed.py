"""What failed again of a redrive job: ids and their groups, in pages of records."""

from collections.abc import Sequence

import orjson

from broker.storage.records import Records
from triggers.redrive.job import PREFIX as JOB_PREFIX
from triggers.redrive.job import RedriveJob

PREFIX = "desk/job-failed/"  # desk/job-failed/JOB/PAGE
PAGE = 200
KEPT_MAX = 100_000  # those beyond are counted only

Failed = tuple[str, str]  # id, group


def page_key(job: str, page: int) -> str:
    return f"{PREFIX}{job}/{page:06}"


def keys_of(job: RedriveJob) -> list[str]:
    """Of all that is kept of a job."""
    pages = -(-kept_of(job) // PAGE)
    return [JOB_PREFIX + job.id, *(page_key(job.id, page) for page in range(pages))]


def kept_of(job: RedriveJob) -> int:
    return min(job.tally.failed_again, KEPT_MAX)


async def read_failed(
    records: Records, job: RedriveJob, after: int, limit: int
) -> Sequence[Failed]:
    """At most `limit` of them after the first `after`, as they failed."""
    kept, found = kept_of(job), list[Failed]()
    while after + len(found) < kept and len(found) < limit:
        page, index = divmod(after + len(found), PAGE)
        more = (await _page(records, job, page))[index:]
        if not more:  # not written yet
            break
        found += more
    return found[:limit]


async def last_page(records: Records, job: RedriveJob) -> Sequence[Failed]:
    """Of the page to which the next is added; empty where that is a new one."""
    page, index = divmod(kept_of(job), PAGE)
    return await _page(records, job, page) if index else ()


async def _page(records: Records, job: RedriveJob, page: int) -> list[Failed]:
    got = await records.get(page_key(job.id, page))
    return [] if got is None else [(letter, group) for letter, group in orjson.loads(got[0])]
