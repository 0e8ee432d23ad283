"""Text with places to fill from an event: `{{ subject }}`, `{{ data/text }}`, `{model}`."""

import re
from collections.abc import Mapping
from urllib.parse import quote

from broker.errors import Invalid
from sinks.inference.path import DataPath

_PLACE = re.compile(r"\{\{\s*(?P<event>[^{}]*?)\s*\}\}|\{(?P<configured>[a-z_]+)\}")
_ATTRIBUTE = re.compile(r"[a-z0-9]+")
KNOWN_MAX = 1_024  # texts of a template that asks nothing of the event: one a trigger
_Part = str | tuple[str, str] | DataPath


class Template:
    """A compiled template. `configured` are the names that single braces may use.

    `in_url`: a value filled in becomes one percent-encoded path segment. Raises
    Invalid(code="invalid-template") for any other place.
    """

    def __init__(
        self, text: str, configured: frozenset[str] = frozenset(), *, in_url: bool = False
    ) -> None:
        self._parts: list[_Part] = []
        self._in_url = in_url
        position = 0
        for place in _PLACE.finditer(text):
            self._parts.append(text[position : place.start()])
            self._parts.append(_part(text, place, configured))
            position = place.end()
        self._parts.append(text[position:])
        # Most ask nothing of the event: they are the same for all of a trigger.
        self._is_fixed = not any(
            isinstance(part, DataPath) or (isinstance(part, tuple) and part[0] == "attribute")
            for part in self._parts
        )
        self._known: dict[tuple[str, ...], str] = {}

    @property
    def reads_data(self) -> bool:
        """Whether an event's data is asked for; else it need not be read."""
        return any(isinstance(part, DataPath) for part in self._parts)

    @property
    def only_path(self) -> DataPath | None:
        """Where this is one place for data and nothing else, its path."""
        parts = [part for part in self._parts if part]
        return parts[0] if len(parts) == 1 and isinstance(parts[0], DataPath) else None

    def fill(
        self, attributes: Mapping[str, str], data: object, configured: Mapping[str, str]
    ) -> str:
        """The text for one event. Raises Invalid(code="missing-field") naming what is missing."""
        if not self._is_fixed:
            return self._fill(attributes, data, configured)
        values = tuple(configured.values())
        text = self._known.get(values)
        if text is None:
            if len(self._known) >= KNOWN_MAX:
                self._known.clear()
            text = self._known[values] = self._fill(attributes, data, configured)
        return text

    def _fill(
        self, attributes: Mapping[str, str], data: object, configured: Mapping[str, str]
    ) -> str:
        filled = (_filled(part, attributes, data, configured) for part in self._parts)
        if not self._in_url:
            return "".join(filled)
        return "".join(
            text if isinstance(part, str) else quote(text, safe="")
            for part, text in zip(self._parts, filled, strict=True)
        )


def _part(
    text: str, place: re.Match[str], configured: frozenset[str]
) -> tuple[str, str] | DataPath:
    name = place["configured"]
    if name in configured:
        return ("configured", name)
    wanted = place["event"] or ""
    if wanted == "data" or wanted.startswith("data/"):
        return DataPath(wanted.removeprefix("data"))
    if _ATTRIBUTE.fullmatch(wanted):
        return ("attribute", wanted)
    raise Invalid(
        f"{place.group()!r} in {text!r} stands for nothing",
        code="invalid-template",
        remedy="write {{ attribute }} or {{ data/pointer }}"
        + (f", or one of {', '.join(sorted(configured))} in single braces" if configured else ""),
    )


def _filled(
    part: _Part,
    attributes: Mapping[str, str],
    data: object,
    configured: Mapping[str, str],
) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, DataPath):
        value = part.one(data)
        if isinstance(value, str):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise _missing(f"the data at {part.text!r} is no text")
    kind, name = part
    if kind == "configured":
        return configured[name]
    if name not in attributes:
        raise _missing(f"the event has no {name}")
    return attributes[name]


def _missing(what: str) -> Invalid:
    return Invalid(what, code="missing-field", remedy="send it, or change the sink's template")
