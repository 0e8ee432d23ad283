"""How far a replay job is, for people: counts, and how long it will take."""

from dataclasses import dataclass

from broker.storage.rows import Counts
from triggers.replay.job import OPEN, ReplayJob, State, Written
from triggers.replay.lane import ReplayLane


@dataclass(frozen=True, slots=True)
class Progress:
    """`passed` of `job.events` offsets are settled or have a row.

    matched = delivered + dead + discarded + parked + waiting, and what is in flight beside.
    `per_second` (settled ones) and `seconds_left` are of what was seen since the job last
    began; None where nothing was. `sink` is what it calls, without credentials.
    """

    job: ReplayJob
    tally: Counts
    passed: int
    parked: int = 0
    waiting: int = 0
    in_flight: int = 0
    per_second: float | None = None
    seconds_left: float | None = None
    sink: str | None = None


def progress_of(written: Written, lane: ReplayLane | None, now: float) -> Progress:
    """`lane` is None for a job that has ended; `now` is monotonic seconds."""
    job, tally = written.job, written.tally
    passed = min(job.events, max(0, written.passed - job.first + 1))
    if lane is None:
        return Progress(job, tally, passed)
    per_second, seconds_left = None, None
    elapsed = now - lane.began_at
    if job.state is State.RUNNING and elapsed > 0.0:
        settled = tally.delivered + tally.dead - lane.began_settled
        per_second = settled / elapsed
        newly = written.passed - lane.began_passed
        seconds_left = (job.events - passed) * elapsed / newly if newly > 0 else None
    return Progress(
        job,
        tally,
        passed,
        parked=lane.parked_count,
        waiting=lane.turns.rows if lane.turns is not None else 0,
        in_flight=lane.in_flight_deliveries,
        per_second=per_second,
        seconds_left=seconds_left if job.state in OPEN else None,
        sink=lane.sink.name,
    )
