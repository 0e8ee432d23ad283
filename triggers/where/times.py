"""Times in a query: RFC 3339 text, and ISO 8601 durations back from now."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_DURATION: Final = re.compile(
    r"P(?=[\dT])(?:(\d{1,4})W)?(?:(\d{1,5})D)?"
    r"(?:T(?=\d)(?:(\d{1,6})H)?(?:(\d{1,8})M)?(?:(\d{1,9}(?:\.\d{1,3})?)S)?)?",
    re.ASCII,
)
_SECONDS: Final = (604_800.0, 86_400.0, 3_600.0, 60.0, 1.0)


def read_time(text: str) -> datetime | None:
    """The time of an RFC 3339 text, as aware UTC; None where it is none."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    whole, fraction, offset = match.groups()
    try:
        # More than six digits of a fraction are cut off: stores keep milliseconds.
        moment = datetime.fromisoformat(f"{whole.upper()}{(fraction or '')[:7]}{offset.upper()}")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def read_duration(text: str) -> timedelta | None:
    """A duration of weeks, days, hours, minutes and seconds; None where it is none."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    parts = zip(match.groups(), _SECONDS, strict=True)
    return timedelta(seconds=sum(float(number) * unit for number, unit in parts if number))
