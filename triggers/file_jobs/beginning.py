"""Whether a partition has anything to do with files: most have not, and import none of it."""

from collections.abc import Iterable

from broker.storage.records import Records
from sinks.spec import FileBatchSinkSpec
from triggers.lane import Lane

JOBS_PREFIX = "file-job/"


async def has_jobs(records: Records) -> bool:
    """Whether earlier processes have left some."""
    return bool(await records.scan(JOBS_PREFIX, limit=1))


def has_batches(lanes: Iterable[Lane]) -> bool:
    """Whether some trigger hands its events to a FileBatch."""
    return any(isinstance(lane.spec.sink, FileBatchSinkSpec) for lane in lanes)
