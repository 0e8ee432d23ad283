"""A job as a value, and as the records that it goes on from."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from broker.delivery import Reason
from sinks.file_batch.manifest import Output
from sinks.file_batch.place import Place
from sinks.file_batch.record import Mark
from sinks.file_batch.results import Counts
from sinks.file_batch.spec import FailureSpec, LimitsSpec, ProgressSpec
from sinks.file_batch.store import Head, Stored
from triggers.file_jobs import chunk_row, events
from triggers.file_jobs.chunk_row import ChunkRow, record_of
from triggers.file_jobs.job import DELIVERIES_KEPT, FileJob, State, decode, encode
from triggers.file_jobs.judging import bound_of, is_progress_due, seconds_left, share_done
from triggers.file_jobs.pace import Pace
from triggers.file_jobs.tally import counted

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
SOURCE = Place("s3", "b", "in/a.csv")
JOB = FileJob(
    "abc234", "default/files", "default/batch", SOURCE, Head(1_000, "etag"), "0f", 17, 2, (17,), NOW
)
ROW = ChunkRow(Mark(3, 600, 30), Mark(4, 800, 40), Counts(8, 1, 1), Stored(90, "cd"), True)


def test_a_job_is_read_as_it_was_written() -> None:
    job = replace(
        JOB, state=State.FAILED, reason=Reason.AGE, why="late", started_at=NOW, ended_at=NOW,
        chunks=4, rows=40, position=800, counts=Counts(38, 1, 1), model="m", version="7",
        vain_starts=1, told_at=NOW, told_share=0.5, redoes=True, is_swept=True, redrives=1,
        outputs=(Output(SOURCE, Stored(3, "ef")),),
    )  # fmt: skip

    assert decode(job.id, encode(job)) == job


def test_a_chunk_is_read_as_it_was_written_and_keys_are_in_their_order() -> None:
    record = record_of("abc", ROW)

    assert record.value is not None
    assert chunk_row.decode(record.value) == ROW
    assert chunk_row.key_of("abc", 9) < chunk_row.key_of("abc", 10)


def test_only_so_many_deliveries_are_known_to_a_job() -> None:
    job = JOB
    for offset in range(100, 100 + 2 * DELIVERIES_KEPT):
        job = job.waited_for_by(offset)

    assert len(job.deliveries) == DELIVERIES_KEPT
    assert job.waited_for_by(17) is job


def test_chunks_add_up_in_any_order() -> None:
    other = ROW._replace(start=Mark(0, 0, 0), end=Mark(1, 600, 30))

    job = counted(counted(JOB, [ROW]), [other], before=counted(JOB, [ROW]))

    assert (job.chunks, job.rows, job.position, job.counts) == (2, 40, 800, Counts(16, 2, 2))


@pytest.mark.parametrize(
    ("failed", "rows", "reason"),
    [(9, 99, None), (11, 110, None), (12, 110, Reason.BAD_INPUT)],
)
def test_a_tenth_of_the_records_may_fail_from_the_hundredth_on(
    failed: int, rows: int, reason: Reason | None
) -> None:
    job = replace(JOB, rows=rows, counts=Counts(rows - failed, failed, 0))

    verdict = bound_of(job, FailureSpec(), LimitsSpec())

    assert (None if verdict is None else verdict.reason) == reason


def test_more_records_than_allowed_end_a_job() -> None:
    verdict = bound_of(replace(JOB, rows=11), FailureSpec(), LimitsSpec(records_max=10))

    assert verdict is not None
    assert "more than 10 records" in verdict.why


def test_a_deadline_counts_from_the_beginning() -> None:
    limits = LimitsSpec(deadline_seconds=60.0)
    begun = replace(JOB, started_at=NOW)

    left = [seconds_left(job, limits, NOW + timedelta(seconds=90)) for job in (JOB, begun)]

    assert left == [60.0, -30.0]
    assert seconds_left(begun, LimitsSpec(), NOW) is None


@pytest.mark.parametrize(
    ("seconds", "position", "due"),
    [(9, 900, False), (11, 40, False), (11, 60, True), (11, 2_000, True)],
)
def test_progress_is_told_at_a_share_and_no_sooner_than_a_time(
    seconds: int, position: int, due: bool
) -> None:
    job = replace(JOB, started_at=NOW, position=position)

    assert is_progress_due(job, ProgressSpec(), NOW + timedelta(seconds=seconds)) is due


def test_of_a_compressed_file_nobody_knows_how_much_is_done() -> None:
    shares = [share_done(replace(JOB, position=position)) for position in (0, 250, 1_001)]

    assert shares == [0.0, 0.25, None]
    assert share_done(replace(JOB, position=9_999, state=State.COMPLETED)) == 1.0


def test_rate_and_time_left_are_of_what_was_done_since_it_began() -> None:
    times = iter([100.0, 110.0])
    pace = Pace(lambda: next(times))
    pace.begin(JOB.id, 50, 0.25)

    rate, left = pace.of(replace(JOB, rows=150, position=500))

    assert (rate, left) == (10.0, 20.0)
    assert pace.of(replace(JOB, id="other")) == (None, None)


def test_an_event_of_a_job_is_the_same_each_time_it_is_made() -> None:
    later = NOW + timedelta(hours=1)
    first, again = [events.accepted(JOB, "default/main", at) for at in (NOW, later)]
    redriven = events.accepted(replace(JOB, redrives=1), "default/main", NOW)

    assert first.id == again.id != redriven.id
    assert (first.type, first.source) == ("dev.headrace.file.accepted", "/default/main/files")
    assert (first.attributes["subject"], first.attributes["jobid"]) == ("in/a.csv", "abc234")
