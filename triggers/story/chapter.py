"""One trigger's part in the story of an event: where its delivery is now. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from broker.delivery import Attempt
from broker.storage.rows import DeadState
from triggers.story.facts import InLane, PairFacts, Verdict


class Where(StrEnum):
    """Where a delivery is; one of these at any time."""

    AHEAD = "ahead"
    QUEUED = "queued"
    IN_FLIGHT = "in-flight"
    PARKED = "parked"
    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class Chapter:
    """`says` is one sentence for people.

    `attempt` is the number of the next or present try, 0 where there is none. `since` is
    when it came where it is, None where that was not written down; of a delivery without
    retries only `by` is known, the time at which it had ended at the latest.
    """

    verdict: Verdict
    where: Where
    says: str
    attempts: tuple[Attempt, ...] = ()
    attempt: int = 0
    due_at: datetime | None = None
    since: datetime | None = None
    by: datetime | None = None
    dead_letter: str | None = None
    forwarded: str | None = None


_IN_LANE = {
    InLane.AHEAD: (Where.AHEAD, "ahead of the cursor"),
    InLane.QUEUED: (Where.QUEUED, "in the queue, for its first attempt"),
    InLane.BEHIND_KEY: (Where.WAITING, "behind another event of its ordering key"),
    InLane.IN_FLIGHT: (Where.IN_FLIGHT, "on its way to the sink: attempt 1"),
}


def chapter_of(pair: PairFacts) -> Chapter:
    """The latest that happened counts: a row of the store tells more than its absence."""
    letter = pair.letter
    if letter is not None and letter.state is not DeadState.REDRIVING:
        return _of_letter(pair)
    if pair.parked is not None:
        return _of_parked(pair)
    if letter is not None:
        says = f"dead letter {letter.id}: on its way again{_paused(pair)}"
        return Chapter(pair.verdict, Where.PARKED, says, letter.attempts, dead_letter=letter.id)
    if pair.waiting is not None and pair.within is InLane.PASSED:
        says = f"behind another event of its ordering key {pair.waiting.order_key!r}"
        return Chapter(pair.verdict, Where.WAITING, says, attempt=1)
    if pair.within is not InLane.PASSED:
        return _in_lane(pair)
    if pair.discard is not None:
        discard = pair.discard
        says = f"left out by {discard.by}: {discard.verb}"
        return Chapter(pair.verdict, Where.DISCARDED, says, since=discard.at)
    return _delivered(pair)


def _of_letter(pair: PairFacts) -> Chapter:
    letter = pair.letter
    assert letter is not None
    where = {DeadState.DEAD: Where.DEAD, DeadState.EXPIRED: Where.DEAD}.get(
        letter.state, Where.DISCARDED
    )
    says = f"dead letter {letter.id}: {letter.reason}"
    if letter.state is DeadState.DELIVERED:
        how = f": {letter.moved_reason}" if letter.moved_reason else ""
        where, says = Where.DELIVERED, f"delivered by a redrive of dead letter {letter.id}{how}"
    elif letter.state is DeadState.REDRIVEN_EDITED:
        says = f"an edited copy of dead letter {letter.id} was delivered in its place"
    elif letter.state is not DeadState.DEAD:
        says = f"dead letter {letter.id}: {letter.state.value}"
    return Chapter(
        pair.verdict,
        where,
        says,
        letter.attempts,
        since=letter.dead_at if where is Where.DEAD else None,
        dead_letter=letter.id,
        forwarded=_forwarded(pair),
    )


def _forwarded(pair: PairFacts) -> str | None:
    """What became of the copy to the deadLetterSink."""
    if pair.forwarding is not None:
        return f"attempt {pair.forwarding.attempt} is next"
    return pair.letter.forwarded if pair.letter is not None else None


def _of_parked(pair: PairFacts) -> Chapter:
    row = pair.parked
    assert row is not None
    where, verb = {
        InLane.QUEUED: (Where.QUEUED, "in the queue, for"),
        InLane.IN_FLIGHT: (Where.IN_FLIGHT, "on its way to the sink:"),
        InLane.BEHIND_KEY: (Where.WAITING, "behind another event of its ordering key, for"),
    }.get(pair.within, (Where.PARKED, "waiting for"))
    letter = pair.letter
    attempts = row.attempts or (letter.attempts if letter else ())
    return Chapter(
        pair.verdict,
        where,
        f"{verb} attempt {row.attempt}{_paused(pair)}"
        + (f", redriven from dead letter {letter.id}" if letter else ""),
        attempts,
        row.attempt,
        row.due_at if where is Where.PARKED else None,
        dead_letter=letter.id if letter else None,
    )


def _in_lane(pair: PairFacts) -> Chapter:
    where, says = _IN_LANE[pair.within]
    if where is Where.AHEAD and pair.ahead_events:
        says = f"{says}: {pair.ahead_events:,} events are before it"
    if not pair.is_configured:
        says += ", and the trigger is not configured any more"
    return Chapter(pair.verdict, where, says + _paused(pair), attempt=1)


def _paused(pair: PairFacts) -> str:
    return ", and the trigger is paused" if pair.is_paused else ""


def _delivered(pair: PairFacts) -> Chapter:
    """An undisturbed delivery leaves no row: then a mark says when it had ended at the latest."""
    retried, mark = pair.retried, pair.mark
    if retried is not None:
        says = f"delivered by attempt {retried.attempts[-1].number + 1 if retried.attempts else 1}"
        return Chapter(
            pair.verdict, Where.DELIVERED, says, retried.attempts, since=retried.delivered_at
        )
    return Chapter(
        pair.verdict, Where.DELIVERED, "delivered", by=mark.at if mark is not None else None
    )
