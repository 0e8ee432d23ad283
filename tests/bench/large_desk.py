"""A store with many dead letters, made in bulk: as a week of failures would have left it.

Five groups hold nine in ten of them, most of these from the last day; the rest are in a long
tail of small groups. Their events are no longer in the log, and who watches groups has told of
all of these already.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw

from broker.clock import to_milliseconds
from broker.codec import make_event
from broker.delivery import Attempt
from broker.event import Event
from broker.storage.rows import Checkpoint, Counts, DeadLetter, DeadState, Place
from broker.storage.sqlite.apply import apply_checkpoint
from broker.storage.sqlite.sql import Statements, load_statements
from triggers.fingerprint import dead_letter_id, fingerprint, normalise
from triggers.groups.book import PREFIX
from triggers.groups.state import GroupRecord, Turn, pack

BROKER = "default/default"
LARGE_GROUPS = 5
TAIL_GROUPS_MAX = 5_000
LETTERS_A_TAIL_GROUP = 20
TAIL_SHARE = 0.1
LAST_DAY_SHARE = 0.8
KEPT = timedelta(days=10)  # less than dead letters are kept by default
SLICE_LETTERS = 20_000
CACHE_KIBIBYTES = 1 << 20  # while indexes are made
TYPES = tuple(f"com.example.order.{name}" for name in ("placed", "paid", "sent", "returned"))
COUNTRIES = ("ch", "de", "fr", "it", "at", "li", "se", "no", "dk", "fi")


@dataclass(frozen=True, slots=True)
class Cause:
    """Why some dead letters are ones: what they have in common."""

    trigger: str
    reason: str
    outcome_class: str
    status: int | None
    message: str

    @property
    def pattern(self) -> str:
        return normalise(self.message)

    @property
    def group(self) -> str:
        sink = sink_of(self.trigger)
        return fingerprint(self.trigger, sink, self.outcome_class, self.status, self.pattern)


def sink_of(trigger: str) -> str:
    return f"http://{trigger.rpartition('/')[2]}.example/"


def large_causes() -> tuple[Cause, ...]:
    """Those of the five large groups, one for each of the triggers bench-1 to bench-5."""
    return (
        Cause("default/bench-1", "attempts", "transient", 503, "the model is not ready"),
        Cause("default/bench-2", "refused", "bad_input", 422, "no field petals in the input"),
        Cause("default/bench-3", "attempts", "transient", None, "connection refused"),
        Cause("default/bench-4", "age", "overload", 429, "too many requests"),
        Cause("default/bench-5", "bad_input", "bad_input", 400, "another shape"),
    )


def tail_causes(letters: int) -> tuple[Cause, ...]:
    """Of the long tail: thousands of groups where there are a million dead letters."""
    count = min(TAIL_GROUPS_MAX, max(1, int(letters * TAIL_SHARE) // LETTERS_A_TAIL_GROUP))
    return tuple(
        Cause(
            f"default/bench-{1 + number % LARGE_GROUPS}",
            "refused" if number % 2 else "attempts",
            "bad_input" if number % 2 else "transient",
            400 + number % 100,
            f"no such field as {_word(number)}",
        )
        for number in range(count)
    )


def _word(number: int) -> str:
    """A word without digits, which would be replaced in a pattern."""
    return "".join(chr(ord("a") + number // 26**place % 26) for place in range(4))


def letter_id(number: int) -> str:
    """The id of dead letter `number`, counted from 1 in the order of their offsets."""
    return dead_letter_id(f"bench-{number}")


def fill_desk(path: Path, letters: int, seed: int) -> None:
    """Fill the store at `path`, which no process owns, with `letters` dead letters.

    What may be in its log already is pruned.
    """
    connection = apsw.Connection(str(path))
    connection.pragma("cache_size", -CACHE_KIBIBYTES)
    statements = load_statements()
    indexes = connection.execute(
        "SELECT name, sql FROM sqlite_schema WHERE tbl_name = 'dead_letters' AND type = 'index'"
        " AND sql IS NOT NULL"
    ).fetchall()
    # Made at the end, sorted: row by row in the order of dying they would take ten times as long.
    for name, _ in indexes:
        connection.execute(f'DROP INDEX "{name}"')
    for some in _slices(letters, random.Random(seed)):
        with connection:
            apply_checkpoint(connection, statements, _checkpoint(some))
    _tell_of_groups(connection, statements, letters)
    with connection:
        for _, text in indexes:
            connection.execute(str(text))
        _prune(connection, statements, letters)
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    connection.close()


def _checkpoint(letters: Sequence[DeadLetter]) -> Checkpoint:
    triggers = [letter.place.trigger for letter in letters]
    counts = [
        Counts(name, matched=triggers.count(name), dead=triggers.count(name))
        for name in dict.fromkeys(triggers)
    ]
    return Checkpoint(dead_letters=tuple(letters), counts=tuple(counts))


def _tell_of_groups(connection: apsw.Connection, statements: Statements, letters: int) -> None:
    told = pack(GroupRecord(told=Turn.OPENED))
    rows = [(PREFIX + cause.group, told, 1) for cause in (*large_causes(), *tail_causes(letters))]
    with connection:
        statements.write(connection, "records_put", rows)


def _prune(connection: apsw.Connection, statements: Statements, letters: int) -> None:
    """The log begins and ends behind the last of their events; its newest commit is kept."""
    epoch = connection.execute("SELECT owner_epoch FROM partition").get
    stored_ms = to_milliseconds(datetime.now(UTC) - KEPT)
    connection.execute("DELETE FROM events")
    connection.execute("DELETE FROM commits")
    commit = (letters, letters, stored_ms, letters, epoch, bytes(8), bytes(4))
    statements.write(connection, "commits_add", [commit])
    values = (letters, letters, letters)
    connection.execute("UPDATE partition SET pruned_to = ?, pruned_bytes = ?, routed = ?", values)


def _slices(letters: int, chance: random.Random) -> Iterator[list[DeadLetter]]:
    made = _letters(letters, chance)
    for first in range(0, letters, SLICE_LETTERS):
        yield [next(made) for _ in range(min(SLICE_LETTERS, letters - first))]


def _letters(letters: int, chance: random.Random) -> Iterator[DeadLetter]:
    large, tail = large_causes(), tail_causes(letters)
    facts = {cause: (cause.group, cause.pattern) for cause in (*large, *tail)}
    now = datetime.now(UTC)
    attempts = {cause: _attempts(cause, now - KEPT) for cause in facts}
    for number in range(1, letters + 1):
        cause = chance.choice(tail if chance.random() < TAIL_SHARE else large)
        is_of_last_day = chance.random() < LAST_DAY_SHARE
        dead_at = now - chance.random() * (timedelta(days=1) if is_of_last_day else KEPT)
        group, pattern = facts[cause]
        yield DeadLetter(
            id=letter_id(number),
            place=Place(cause.trigger, number, "deliver"),
            delivery_id=f"bench-{number}",
            broker=BROKER,
            sink=sink_of(cause.trigger),
            revision=1,
            event=_event(number, chance),
            stored_at=dead_at - timedelta(minutes=2),
            reason=cause.reason,
            outcome_class=cause.outcome_class,
            status=cause.status,
            message=cause.message,
            first_at=dead_at - timedelta(minutes=1),
            dead_at=dead_at,
            attempt_count=3,
            attempts=attempts[cause],
            group=group,
            pattern=pattern,
            state=DeadState.DELIVERED if number % 20 == 0 else DeadState.DEAD,
        )


def _event(number: int, chance: random.Random) -> Event:
    country = COUNTRIES[int(chance.random() ** 3 * len(COUNTRIES))]
    data = f'{{"order": {number}, "country": "{country}", "note": "{"n" * 200}"}}'
    facts = {
        "specversion": "1.0",
        "type": TYPES[number % len(TYPES)],
        "source": f"/shops/{number % 50}",
        "id": f"order-{number}",
        "subject": f"customer-{number % 9973}",
        "datacontenttype": "application/json",
    }
    return make_event(facts, data.encode())


def _attempts(cause: Cause, at: datetime) -> tuple[Attempt, ...]:
    headers = (("content-type", "text/plain"),)
    return tuple(
        Attempt(
            number=number,
            started_at=at + number * timedelta(seconds=20),
            duration_seconds=0.01,
            outcome_class=cause.outcome_class,
            status=cause.status,
            message=cause.message,
            phase=None,
            headers=headers,
            body=cause.message.encode(),
            wait_seconds=20.0,
            why="backoff",
        )
        for number in (1, 2, 3)
    )
