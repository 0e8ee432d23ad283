"""Sends events in order to one broker, and keeps count of what became of them."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from broker.event import Event
from deploy.cli.progress import Progress
from deploy.cli.publisher import Publisher, Refused

REFUSED_SHOWN_MAX = 20


@dataclass(slots=True)
class Tally:
    """What came of sending so far; `refused` are lines for people, the first twenty."""

    accepted: int = 0
    duplicates: int = 0
    refused_count: int = 0
    refused: list[str] = field(default_factory=list)
    first: Event | None = None
    last: Event | None = None

    def accept(self, events: list[Event], duplicate: bool) -> None:
        self.accepted += len(events)
        self.duplicates += len(events) if duplicate else 0
        self.first = self.first or events[0]
        self.last = events[-1]

    def refuse(self, events: list[Event], why: str) -> None:
        self.refused_count += len(events)
        if len(self.refused) < REFUSED_SHOWN_MAX:
            self.refused.append(f"{events[0].id}: {why}")


def send_all(
    events: Iterator[Event],
    publisher: Publisher,
    batch: int,
    rate: float | None,
    total: int | None,
) -> Tally:
    """Send in order, one request at a time, no faster than `rate`."""
    tally = Tally()
    started = time.monotonic()
    with Progress(total) as progress:
        while group := list(islice(events, batch)):
            if rate is not None:
                due = started + (tally.accepted + tally.refused_count) / rate
                time.sleep(max(0.0, due - time.monotonic()))
            try:
                accepted = publisher.publish(group, batched=batch > 1)
                tally.accept(group, accepted.duplicate)
            except Refused as error:
                if error.final or total == 1:
                    raise
                tally.refuse(group, str(error))
            progress.advance(len(group))
    return tally
