"""Dead letters whose events are published again, to all triggers of a broker. Pure.

An event and the record that says that it is published are one commit of that broker; the dead
letter is done with by the next checkpoint of its own. Whoever dies in between finds the record.
"""

from datetime import datetime

from broker.codec import with_attributes
from broker.errors import Invalid
from broker.event import Event
from broker.storage.rows import DeadLetter, DeadState, Move
from triggers.redrive.job import RedriveJob

REDRIVE_COUNT = "headraceredrive"
PREFIX = "desk/published/"  # of a record: desk/published/JOB/LETTER, in the broker's own store


def prefix_of(job: str) -> str:
    return f"{PREFIX}{job}/"


def principal_of(job: str) -> str:
    """Who publishes for a job: one of its own, so that what was published before is no repeat."""
    return f"redrive/{job}"


def again_event(letter: DeadLetter) -> Event:
    """The event as a broker gets it again: the very same, and how often it was redriven."""
    try:
        return with_attributes(letter.event, {REDRIVE_COUNT: str(letter.redrives + 1)})
    except Invalid:  # as many extensions as an event may have: it goes as it is
        return letter.event


def published_move(job: RedriveJob, letter: str, offset: int | None, now: datetime) -> Move:
    """`letter` is done with: its event stands in the log of the broker, where `offset` says."""
    where = "" if offset is None else f" as offset {offset:,}"
    reason = f"{_said_of(job)}{where}"
    return Move(letter, (DeadState.DEAD,), DeadState.DELIVERED, now, job.by, reason)


def counted_move(letter: DeadLetter, now: datetime) -> Move:
    """`letter` was done with before its job could count it: the same again changes nothing."""
    state = DeadState.DELIVERED
    return Move(letter.id, (state,), state, now, letter.moved_by, letter.moved_reason)


def is_published(job: RedriveJob, letter: DeadLetter) -> bool:
    """Whether this very job is done with it."""
    said, reason = _said_of(job), letter.moved_reason
    is_said = reason == said or reason.startswith(f"{said} ")  # ids may begin with another's
    return is_said and letter.state is DeadState.DELIVERED


def _said_of(job: RedriveJob) -> str:
    return f"published to {job.aim.broker} by redrive {job.id}"
