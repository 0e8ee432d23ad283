"""How values are written for people: numbers, sizes, times, addresses. Pure."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from markupsafe import Markup, escape

# C0 and C1 controls but tab and line ends, what turns text around, what has no width, and
# halves of pairs: each can make a name look like another one.
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
MINUTE, HOUR, DAY = 60, 3600, 86400
NOT_KNOWN = "–"
THIN = "\u202f"  # a narrow space that breaks no line, between threes of digits


def visible(value: Any) -> Any:
    """`value` as a template may write it: text whose every character can be seen."""
    if value is None:
        return NOT_KNOWN
    if isinstance(value, str) and not isinstance(value, Markup):
        return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", value)
    return value


def exact(text: str) -> Markup:
    """As it was given, for a field that sends it back; escaped like everything."""
    return escape(text.encode("utf-8", "replace").decode())


def number(value: float | None) -> str:
    """1 204 333, or 0.05; digits in threes, with narrow spaces."""
    if value is None:
        return NOT_KNOWN
    shown = f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:,.2f}"
    return shown.replace(",", THIN)


def size(count: float | None) -> str:
    """1.4 MiB."""
    if count is None:
        return NOT_KNOWN
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def span(seconds: float | None) -> str:
    """How long: 85 ms, 3.2 s, 4 min, 3 h 12 min, 5 d."""
    if seconds is None:
        return NOT_KNOWN
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < MINUTE:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    if seconds < HOUR:
        return f"{seconds // MINUTE:.0f} min"
    if seconds < DAY:
        return f"{seconds // HOUR:.0f} h {seconds % HOUR // MINUTE:.0f} min"
    return f"{seconds // DAY:.0f} d"


def moment_of(text: str) -> datetime:
    """The aware time that the API wrote."""
    return datetime.fromisoformat(text).astimezone(UTC)


def ago(text: str | None, now: datetime) -> str:
    """How long before or after `now`, in words."""
    if text is None:
        return NOT_KNOWN
    seconds = (now - moment_of(text)).total_seconds()
    if abs(seconds) < 1:
        return "now"
    return f"{span(seconds)} ago" if seconds > 0 else f"in {span(-seconds)}"


def age_seconds(text: str | None, now: datetime) -> float | None:
    return None if text is None else max(0.0, (now - moment_of(text)).total_seconds())


def link(path: str, *parts: str, **query: object) -> str:
    """An address of this listener: `parts` are escaped whole, and what is None is left out."""
    asked = {name: value for name, value in query.items() if value not in (None, "")}
    place = path + "".join(f"/{quote(part, safe='')}" for part in parts)
    return f"{place}?{urlencode(asked)}" if asked else place


def named(path: str, name: str) -> str:
    """The address of NAMESPACE/NAME below `path`."""
    return link(path, *name.split("/", 1))


def shown_clause(clause: Mapping[str, Any]) -> str:
    """What a clause asks, in one line, its parts included."""
    if clause.get("parts"):
        return f"{clause.get('joins', '')} of: {'; '.join(map(shown_clause, clause['parts']))}"
    return str(clause["asks"])


FILTERS: Mapping[str, Callable[..., Any]] = {
    "exact": exact,
    "number": number,
    "size": size,
    "span": span,
    "ago": ago,
    "age_seconds": age_seconds,
    "named": named,
    "clause": shown_clause,
}
