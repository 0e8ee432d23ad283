"""What a sink wishes with `Retry-After` (RFC 9110 10.2.3)."""

from datetime import UTC, datetime

_DIGITS_MAX = 9  # some thirty years; more is no wish one can mean


def retry_after_seconds(value: str, now: datetime, date: str = "") -> float | None:
    """Seconds to wait from `now`; None for anything but digits or a date to come.

    A wish for a time is reckoned from the sink's own `date`, where it says one: its clock
    and ours may be far apart (RFC 9110 6.6.1).
    """
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:_DIGITS_MAX]) if len(text) <= _DIGITS_MAX else float("9" * _DIGITS_MAX)
    moment = _moment(text)
    if moment is None:
        return None
    wait_seconds = (moment - (_moment(date) or now)).total_seconds()
    return wait_seconds if wait_seconds > 0 else None


def _moment(text: str) -> datetime | None:
    """An HTTP date, None for anything else."""
    from email.utils import parsedate_to_datetime  # rarely asked for, 4 ms of a start

    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
