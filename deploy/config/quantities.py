"""Durations, sizes and rates as people write them, to seconds, bytes and events per second."""

import re
from datetime import UTC, datetime
from typing import Any

from deploy.config.mistakes import InvalidValue

DURATION_SECONDS_MAX = 3_650 * 86_400.0
_DURATION = re.compile(
    r"P(?=.)(?:(\d{1,9})W)?(?:(\d{1,9}(?:\.\d{1,9})?)D)?"
    r"(?:T(?=.)(?:(\d{1,9}(?:\.\d{1,9})?)H)?(?:(\d{1,9}(?:\.\d{1,9})?)M)?"
    r"(?:(\d{1,9}(?:\.\d{1,9})?)S)?)?",
    re.ASCII,
)
_CALENDAR = re.compile(r"P[\d.WD]*\d(?:Y|M)[\dWDMTHS.]*", re.ASCII)
_SHORTHAND = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h|d)?", re.ASCII)
_SECONDS = (7 * 86_400.0, 86_400.0, 3_600.0, 60.0, 1.0)

_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)(Ki|Mi|Gi|Ti|k|M|G|T)?", re.ASCII)
_BYTES = {
    "": 1,
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
}
SIZE_BYTES_MAX = 2**60

_RATE = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)/([smh])", re.ASCII)
_PER_SECOND = {"s": 1.0, "m": 60.0, "h": 3_600.0}
RATE_MAX = 1e9

_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII
)


def duration_seconds(value: Any) -> float:
    """Seconds of an ISO 8601 duration: weeks, days, hours, minutes and seconds only."""
    text = value if isinstance(value, str) else str(value)
    match = _DURATION.fullmatch(text) if isinstance(value, str) else None
    if match is None:
        raise InvalidValue("is no duration", remedy=_duration_remedy(text))
    seconds = sum(
        float(number) * unit
        for number, unit in zip(match.groups(), _SECONDS, strict=True)
        if number
    )
    if seconds > DURATION_SECONDS_MAX:
        raise InvalidValue("is longer than ten years", remedy="write at most P3650D")
    return seconds


def _duration_remedy(text: str) -> str:
    if _CALENDAR.fullmatch(text):
        return "months and years have no fixed length: write days, such as P30D"
    match = _SHORTHAND.fullmatch(text)
    if match is None:
        return "write an ISO 8601 duration such as PT0.2S, PT5M or P1D"
    number, unit = match.groups()
    if unit == "ms":
        return f"write PT{float(number) / 1000:.9f}".rstrip("0").rstrip(".") + "S"
    return f"write P{number}D" if unit == "d" else f"write PT{number}{(unit or 's').upper()}"


def size_bytes(value: Any) -> int:
    """Bytes of a number or of text such as 1Mi (2^20), 10Gi, 1k (1000), 500."""
    match = None if isinstance(value, bool) else _SIZE.fullmatch(str(value))
    if match is None:
        raise InvalidValue(
            "is no size in bytes",
            remedy="write a number or text such as 500k (1000), 64Ki (1024), 1Mi or 10Gi",
        )
    unit = _BYTES[match[2] or ""]
    size = float(match[1]) * unit if "." in match[1] else int(match[1]) * unit
    if size != int(size) or not 1 <= size <= SIZE_BYTES_MAX:
        raise InvalidValue(
            "is no usable size", remedy="write a whole number of bytes, from 1 to 1048576Ti"
        )
    return int(size)


def rate_per_second(value: Any) -> float:
    """Events per second of a number, or of text such as 300/m, 5/s, 10/h."""
    rate = None
    if isinstance(value, int | float) and not isinstance(value, bool):
        rate = float(value)
    elif isinstance(value, str) and (match := _RATE.fullmatch(value)):
        rate = float(match[1]) / _PER_SECOND[match[2]]
    if rate is None or not 0 < rate <= RATE_MAX:
        raise InvalidValue(
            "is no rate", remedy="write events per second above 0, or text such as 300/m, 5/s, 10/h"
        )
    return rate


def moment(text: str) -> datetime:
    """The time of an RFC 3339 text, as aware UTC."""
    if _TIME.fullmatch(text):
        try:
            # fromisoformat takes at most six digits of a fraction without rounding them away
            trimmed = re.sub(r"(\.\d{6})\d+", r"\1", text.upper())
            return datetime.fromisoformat(trimmed).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise InvalidValue(
                "is a date or time that does not exist", remedy="mend the date"
            ) from error
    raise InvalidValue(
        "is no RFC 3339 time", remedy="write one such as 2026-01-31T12:00:00Z, with its offset"
    )
