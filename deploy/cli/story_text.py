"""The story of an event for people: a time line that fits 100 columns. Pure."""

import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

from deploy.cli.client import Item, printable
from deploy.cli.output import COLUMNS_MAX, seconds
from deploy.cli.payload import HIDDEN

MOMENT_COLUMNS = 24
ANSWER_CHARACTERS_MAX = 200


def story_lines(story: Item) -> Iterator[str]:
    """From what led to the event, by each trigger, to what it led to."""
    event = story["event"]
    yield from _wrapped("", f"event {event['id']} of {event['broker']}")
    yield from _wrapped("  ", f"type {event['type']}, source {event['source']}")
    yield ""
    for cause in reversed(story["causes"]):
        yield from at(cause["stored_at"], f"{_linked(cause)} was stored, which led to:")
    yield from at(event["stored_at"], _stored(event))
    for chapter in story["triggers"]:
        yield ""
        yield from _chapter(chapter)
    yield from _rest(story)
    yield from _replies(story["replies"], 0)
    if story["is_cut"]:
        yield from _wrapped("  ", "and there are more")
    if story["same_id"]:
        offsets = ", ".join(f"{one['offset']} ({one['source']})" for one in story["same_id"])
        yield ""
        yield from _wrapped("", f"other events with this id: offset {offsets}; choose by --offset")


def at(moment: str | None, text: str, indent: str = "") -> Iterator[str]:
    """One line of the time line, the text under itself where it is long."""
    head = f"{indent}{(moment or ''):<{MOMENT_COLUMNS}}  "
    lines = _wrapped(" " * len(head), text)
    yield head + next(lines)[len(head) :]
    yield from lines


def _stored(event: Item) -> str:
    cause = event.get("cause")
    if cause is None:
        return f"stored at offset {event['offset']}, published by {event['principal']}"
    return (
        f"stored at offset {event['offset']}, the reply of {cause['trigger']} "
        f"to offset {cause['offset']}"
    )


def _chapter(chapter: Item) -> Iterator[str]:
    yield from _wrapped("", f"{chapter['trigger']}: {chapter['where']}")
    yield from _wrapped("  ", f"matched by {_clause(chapter)}")
    for attempt in chapter["attempts"]:
        yield from at(attempt["started_at"], _attempt(attempt), "  ")
    moment = chapter["since"] or chapter["due_at"]
    says = chapter["says"]
    if chapter["due_at"]:
        says += ", which is due then"
    elif chapter["by"]:
        says += f", by {chapter['by']} at the latest"
    yield from at(moment, says, "  ")
    if chapter["forwarded"]:
        yield from at(None, f"to the deadLetterSink: {chapter['forwarded']}", "  ")


def _clause(told: Item) -> str:
    clause = told["clause"]
    revision = f"(revision {told['revision']})"
    if clause is None:
        return revision
    return f"{clause['path']}: {clause['asks']} {saw(clause['seen'])}{revision}"


def saw(seen: dict[str, str | None]) -> str:
    """What a clause has seen of the event."""
    told = [f"no {name}" if value is None else f"{name} {value!r}" for name, value in seen.items()]
    return f"— the event has {', '.join(told)} " if told else ""


def _attempt(attempt: Item) -> str:
    status = attempt["status"] or attempt["phase"] or ""
    message = HIDDEN if attempt["message"] is None else attempt["message"]
    text = f"attempt {attempt['number']}: {attempt['class']} {status} {message}"
    text += f", took {seconds(attempt['duration_seconds'])}"
    if attempt["wait_seconds"] is not None:
        text += f", then waited {seconds(attempt['wait_seconds'])}"
        text += f" ({attempt['why']})" if attempt["why"] else ""
    if attempt.get("body"):
        text += f"; answered {str(attempt['body'])[:ANSWER_CHARACTERS_MAX]!r}"
    return text


def _rest(story: Item) -> Iterator[str]:
    """Triggers that did not match, and what is on its way beside the triggers."""
    hidden = story["matched"] - len(story["triggers"])
    if hidden > 0:
        yield from _wrapped("", f"{_triggers(hidden)} more matched")
    for row in story["others"]:
        yield ""
        yield from _wrapped(
            "", f"{row['trigger']}: {row['step']}, attempt {row['attempt']} is next"
        )
    if story["unmatched"]:
        yield ""
        yield from _wrapped("", f"{_triggers(story['unmatched'])} did not match")
    for verdict in story["not_matched"]:
        yield from _wrapped("  ", f"{verdict['trigger']}: not {_clause(verdict)}")
    left = story["unmatched"] - len(story["not_matched"])
    if story["not_matched"] and left > 0:
        yield from _wrapped("  ", f"and {left:,} more")


def _triggers(count: int) -> str:
    return "1 trigger" if count == 1 else f"{count:,} triggers"


def _replies(replies: Iterable[Item], depth: int) -> Iterator[str]:
    for number, reply in enumerate(replies):
        if depth == number == 0:
            yield ""
            yield "it led to"
        text = f"{_linked(reply)}, the reply of {reply['trigger']}"
        yield from at(reply["stored_at"], text, "  " * (depth + 1))
        yield from _replies(reply["replies"], depth + 1)


def _linked(link: Item) -> str:
    return f"offset {link['offset']}: {link['type']} with id {link['id']}"


def _wrapped(indent: str, text: Any) -> Iterator[str]:
    lines = textwrap.wrap(
        printable(str(text)).replace("\n", " "),
        COLUMNS_MAX,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_on_hyphens=False,
    )
    yield from lines or [indent]
