"""What is counted of the calls to one variant of a model, for metrics and listings."""

from datetime import datetime

from broker.delivery import Failed
from broker.telemetry import ROWS, SECONDS, Histogram


class VariantCounts:
    """Plain numbers since start; `last_errors` by class: how many, the last message, and when."""

    __slots__ = (
        "batch_records",
        "bisects",
        "call_seconds",
        "events_failed",
        "events_ok",
        "last_errors",
        "tokens",
    )

    def __init__(self) -> None:
        self.batch_records = Histogram(ROWS)
        self.call_seconds = Histogram(SECONDS)
        self.bisects = 0
        self.events_ok = 0
        self.events_failed = 0
        self.tokens = 0
        self.last_errors: dict[str, tuple[int, str, datetime]] = {}

    def note_error(self, failed: Failed, events: int, now: datetime) -> None:
        name = failed.outcome_class.value
        count = self.last_errors.get(name, (0, "", now))[0]
        self.last_errors[name] = (count + events, failed.message, now)
