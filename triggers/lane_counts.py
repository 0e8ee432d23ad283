"""What a lane counts since start, for metrics; the durable counts are in the store."""

from datetime import datetime


class LaneCounts:
    """Outcomes of attempts, dead letters by reason, and the last error of each class."""

    __slots__ = (
        "by_class", "dead_by_reason", "ignored_bodies", "last_errors", "ok", "ok_at_failure",
        "replies",
    )  # fmt: skip

    def __init__(self) -> None:
        self.ok = 0
        self.ok_at_failure = 0  # what `ok` was when an attempt last failed
        self.by_class: dict[str, int] = {}  # failures
        self.dead_by_reason: dict[str, int] = {}
        self.last_errors: dict[str, tuple[int, str, datetime]] = {}  # class: count, message, at
        self.replies = 0
        self.ignored_bodies = 0
