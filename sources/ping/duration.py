"""Durations as Go writes them, such as `1h30m` or `90s`. Pure."""

import re
from datetime import timedelta

from broker.errors import Invalid

PERIOD_MIN = timedelta(seconds=1)
PERIOD_MAX = timedelta(days=3_650)
_PART = re.compile(r"(\d{1,9}(?:\.\d{1,9})?|\.\d{1,9})(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_MICROSECONDS = {
    "ns": 0.001, "us": 1.0, "µs": 1.0, "μs": 1.0, "ms": 1e3, "s": 1e6, "m": 60e6, "h": 3_600e6,
}  # fmt: skip


def period_of(text: str) -> timedelta:
    """The time between two slots of `@every text`.

    Source: Go, time.ParseDuration; the bounds are ours.
    """
    parts = list(_PART.finditer(text))
    if not parts or "".join(part[0] for part in parts) != text:
        remedy = "write @every with numbers and units, such as @every 90s, @every 1h30m"
        raise Invalid("has no duration after @every", code="invalid-schedule", remedy=remedy)
    microseconds = sum(float(part[1]) * _MICROSECONDS[part[2]] for part in parts)
    if microseconds > PERIOD_MAX / timedelta(microseconds=1):
        what, remedy = "has a period of more than ten years", "write a shorter one"
        raise Invalid(what, code="invalid-schedule", remedy=remedy)
    period = timedelta(microseconds=round(microseconds))
    if period < PERIOD_MIN:
        what, remedy = "has a period of less than a second", "write @every 1s or longer"
        raise Invalid(what, code="invalid-schedule", remedy=remedy)
    return period
