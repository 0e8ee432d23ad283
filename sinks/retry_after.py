"""What a sink wishes with `Retry-After` (RFC 9110 10.2.3)."""

from datetime import UTC, datetime

_DIGITS_MAX = 9  # some thirty years; more is no wish one can mean


def retry_after_seconds(value: str, now: datetime) -> float | None:
    """Seconds to wait from `now`; None for anything but digits or a date to come."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:_DIGITS_MAX]) if len(text) <= _DIGITS_MAX else float("9" * _DIGITS_MAX)
    from email.utils import parsedate_to_datetime  # rarely asked for, 4 ms of a start

    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        wait_seconds = (moment - now).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return wait_seconds if wait_seconds > 0 else None
