"""What a change of a resource means for what runs: sentences for operators. Pure.

The rule behind them: a filter counts for what is stored from now on, everything else counts
at once, for the backlog and for parked deliveries too, and nothing pending is ever dropped.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deploy.config.known_fields import SOURCE_KINDS
from deploy.config.source_meanings import of_source


@dataclass(frozen=True, slots=True)
class Unsettled:
    """What a trigger still has to do: events behind its cursor, and rows."""

    backlog: int = 0
    parked: int = 0
    waiting: int = 0
    is_removing: bool = False

    @property
    def total(self) -> int:
        return self.backlog + self.parked + self.waiting

    def __add__(self, other: "Unsettled") -> "Unsettled":
        return Unsettled(
            self.backlog + other.backlog, self.parked + other.parked, self.waiting + other.waiting
        )


NOTHING = Unsettled()


def meaning_of(
    kind: str, change: str, paths: Sequence[str], users: Sequence[Unsettled | None]
) -> tuple[str, ...]:
    """What it means that `paths` (of `spec`) of a resource change, or that it comes or goes.

    `users` is for a trigger what it still has to do (None: it does not run yet), for a broker
    or sink what each trigger that uses it has.
    """
    if kind == "Trigger":
        return tuple(_of_trigger(change, paths, users[0] if users else None))
    if kind == "Broker":
        return tuple(_of_broker(change, paths))
    if kind in SOURCE_KINDS:
        return tuple(of_source(kind, change, paths))
    return (_of_sink(change, len(users), sum((one or NOTHING for one in users), NOTHING)),)


def pending(unsettled: Unsettled) -> str:
    """`for 312 in the backlog and 40 parked too`; nothing where there is neither."""
    counts = (
        (unsettled.backlog, "in the backlog"),
        (unsettled.parked, "parked"),
        (unsettled.waiting, "waiting for their turn"),
    )
    parts = [f"{count:,} {where}" for count, where in counts if count]
    if not parts:
        return ""
    *first, last = parts
    return f" for {', '.join(first)} and {last}" if first else f" for {last}"


def _of_trigger(change: str, paths: Sequence[str], has: Unsettled | None) -> Iterator[str]:
    if change == "added":
        yield (
            "was being removed: goes on where it stands"
            if has is not None and has.is_removing
            else "begins where its start says (latest unless written)"
        )
    elif change == "removed":
        yield (
            f"takes no new events, finishes {has.total:,} events, then goes "
            "(headrace triggers remove ends it sooner)"
            if has is not None and has.total
            else "takes no new events and goes at once: it has nothing left to do"
        )
        yield "its dead letters stay, and can be redriven only while it is configured"
    else:
        yield from _of_fields(paths, has or NOTHING)


def _of_fields(paths: Sequence[str], has: Unsettled) -> Iterator[str]:
    """A sentence for each group of fields that changes."""
    heads = {path.partition(".")[0] for path in paths}
    if heads & {"filters", "filter"}:
        old = f"; {has.backlog:,} in the backlog keep the old filter" if has.backlog else ""
        yield f"filter changes from the next event on{old}"
    if "subscriber" in heads:
        yield f"subscriber changes at once{pending(has)}"
    if "delivery" in heads:
        yield f"delivery changes at once{pending(has)}"
    if "broker" in heads:
        yield "moves to another broker, which a reload refuses while it has anything to do"
    if "order" in heads:
        yield f"order changes{pending(has) or ' at once'}"
    if "paused" in heads:
        yield "pauses, or goes on, at once: a pause by command ends with it"
    if heads & {"limits", "onFull"}:
        yield "limits change at once"
    if "start" in heads:
        yield "start means nothing any more: the trigger has begun (headrace triggers seek moves)"


BROKER_FIELDS = {
    "delivery": "delivery changes at once for its triggers that do not say it themselves",
    "retention": "the log is kept by the new limits within 10 s; what triggers need stays",
    "limits": "limits change for what is published from now on",
    "dedupe": "the window changes for what is published from now on",
    "deadLetters": "dead letters are kept by the new limits within 10 s",
    "egress": "egress changes at once for its triggers; open connections are not used again",
}


def _of_broker(change: str, paths: Sequence[str]) -> Iterator[str]:
    if change == "added":
        yield "its log is opened, or made where there is none, and the ingress accepts its events"
    elif change == "removed":
        yield (
            "stops accepting and closes, its file stays; a reload refuses while one of its "
            "triggers has anything to do or a dead letter"
        )
    else:
        heads = dict.fromkeys(path.partition(".")[0] for path in paths)
        yield from (BROKER_FIELDS[head] for head in heads if head in BROKER_FIELDS)


def _of_sink(change: str, triggers: int, has: Unsettled) -> str:
    used = f"{triggers} trigger{'' if triggers == 1 else 's'}"
    if change == "added":
        return "is opened before anything changes; where that fails, nothing does"
    if change == "removed":
        return "is closed after its last call"
    return f"changes at once for {used}{pending(has).replace(' for', ':', 1)}"
