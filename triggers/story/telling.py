"""Tell: from what is known of an event to its story. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from broker.event import StoredEvent
from broker.storage.rows import ParkedRow
from triggers.story.chapter import Chapter, chapter_of
from triggers.story.facts import Facts, Verdict


@dataclass(frozen=True, slots=True)
class Followed:
    """A reply that the event led to, with what that led to."""

    stored: StoredEvent
    replies: tuple["Followed", ...] = ()


@dataclass(frozen=True, slots=True)
class Story:
    """`chapters` are of triggers that matched, by their names; `refusals` of
    some that did not, out of `unmatched`."""

    stored: StoredEvent
    causes: tuple[StoredEvent, ...]
    chapters: tuple[Chapter, ...]
    matched: int
    refusals: tuple[Verdict, ...]
    unmatched: int
    others: tuple[ParkedRow, ...]
    replies: tuple[Followed, ...]
    is_cut: bool


def tell(facts: Facts) -> Story:
    return Story(
        stored=facts.stored,
        causes=facts.causes,
        chapters=tuple(chapter_of(pair) for pair in facts.pairs),
        matched=facts.matched,
        refusals=facts.refusals,
        unmatched=facts.unmatched,
        others=facts.others,
        replies=_followed(facts.stored.offset, facts.replies),
        is_cut=facts.is_cut,
    )


def _followed(offset: int, replies: Sequence[StoredEvent]) -> tuple[Followed, ...]:
    """Replies by their causes; each is stored behind its cause, so this ends."""
    return tuple(
        Followed(stored, _followed(stored.offset, replies))
        for stored in replies
        if stored.cause is not None and stored.cause.offset == offset
    )
