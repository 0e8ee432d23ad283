"""The story of an event as plain JSON-able values."""

from typing import Any

from broker.event import StoredEvent
from broker.storage.rows import ParkedRow
from deploy.admin.views import attempt_view, when
from deploy.explanation_view import clause_line
from triggers.filters.explanation import Clause
from triggers.story import Chapter, Story
from triggers.story.facts import Verdict
from triggers.story.telling import Followed

WORDS_CHARACTERS_MAX = 400


def story_view(story: Story) -> dict[str, Any]:
    """All but the event itself."""
    return {
        "causes": [_linked(stored) for stored in story.causes],
        "triggers": [_chapter(chapter) for chapter in story.chapters],
        "matched": story.matched,
        "not_matched": [_verdict(verdict) for verdict in story.refusals],
        "unmatched": story.unmatched,
        "others": [_other(row) for row in story.others],
        "replies": [_followed(reply) for reply in story.replies],
        "is_cut": story.is_cut,
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    clause = verdict.deciding
    return {
        "trigger": verdict.trigger,
        "revision": verdict.revision,
        "clause": None if clause is None else {**clause_line(clause), "asks": in_words(clause)},
    }


def in_words(clause: Clause) -> str:
    """What it asks in one line, also where several clauses share in the decision."""
    if not clause.joins:
        return clause.asks
    words = f"{clause.joins} of: {'; '.join(in_words(part) for part in clause.parts)}"
    return words if len(words) <= WORDS_CHARACTERS_MAX else f"{words[:WORDS_CHARACTERS_MAX]}…"


def _chapter(chapter: Chapter) -> dict[str, Any]:
    return {
        **_verdict(chapter.verdict),
        "where": chapter.where.value,
        "says": chapter.says,
        "attempt": chapter.attempt,
        "due_at": when(chapter.due_at),
        "since": when(chapter.since),
        "by": when(chapter.by),
        "dead_letter": chapter.dead_letter,
        "forwarded": chapter.forwarded,
        "attempts": [attempt_view(attempt) for attempt in chapter.attempts],
    }


def _other(row: ParkedRow) -> dict[str, Any]:
    return {
        "trigger": row.place.trigger,
        "step": row.place.step,
        "attempt": row.attempt,
        "due_at": when(row.due_at),
    }


def _linked(stored: StoredEvent) -> dict[str, Any]:
    """An event as a link: where it is and what it is, and whose delivery it answered."""
    return {
        "offset": stored.offset,
        "stored_at": when(stored.stored_at),
        "id": stored.event.id,
        "type": stored.event.type,
        "source": stored.event.source,
        "trigger": None if stored.cause is None else stored.cause.trigger,
    }


def _followed(reply: Followed) -> dict[str, Any]:
    return {**_linked(reply.stored), "replies": [_followed(one) for one in reply.replies]}
