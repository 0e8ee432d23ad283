"""Deliveries that wait for a job are taken up when it has ended, and not only when they are due."""

from dataclasses import replace

from broker.storage.rows import ParkedRow
from triggers.file_jobs.job import FileJob
from triggers.file_jobs.means import Means

ROWS_MAX = 1_000  # of one event: a trigger has one or two


async def wake(job: FileJob, means: Means) -> None:
    """Let the rows of all that wait for `job` be due at once."""
    lane = means.lanes.get(job.trigger)
    if lane is None or not job.deliveries:
        return
    # Who was told to wait a moment ago is a row only now.
    await means.flush()
    for offset in job.deliveries:
        rows, _ = await means.engine.log.rows_at(offset, ROWS_MAX)
        for row in rows:
            if row.place.trigger == job.trigger and row.place not in lane.taken:
                _due_now(row, means)
    means.ledger.touch(lane)
    means.changed()


def _due_now(row: ParkedRow, means: Means) -> None:
    lane = means.lanes[row.place.trigger]
    lane.taken.add(row.place)  # until the row is on disk as it is now
    means.ledger.parked[row.place] = replace(row, due_at=means.clock.now())
