"""Text with places to fill from a request: `com.github.{{header:X-GitHub-Event}}`. Pure.

Places are `{{header:NAME}}`, `{{form:FIELD}}`, `{{/json/pointer}}` (RFC 6901), `{{body-hash}}`
and `{{random}}`; everything else stands for itself.
"""

import re
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from broker.errors import Invalid

PlaceKind = Literal["header", "form", "pointer", "body-hash", "random"]

_PLACE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_HEADER = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}")  # RFC 9110 5.6.2, token
_POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*)+")
_SECRET = frozenset({"authorization", "proxy-authorization", "cookie"})
_ALONE: Mapping[str, PlaceKind] = {"body-hash": "body-hash", "random": "random"}


class Place(NamedTuple):
    """Where a value is found: `name` is a header in lower case, a field, or a pointer."""

    kind: PlaceKind
    name: str = ""

    def __str__(self) -> str:
        if self.kind == "header":
            return f"the header {self.name}"
        if self.kind == "form":
            return f"the form field {self.name!r}"
        return f"the JSON at {self.name!r}" if self.kind == "pointer" else f"the {self.kind}"


Find = Callable[[Place], str | None]


class Template:
    """A compiled text. Raises Invalid(code="invalid-template") for a place that is none."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._parts: list[str | Place] = []
        position = 0
        for found in _PLACE.finditer(text):
            self._add_text(text[position : found.start()])
            self._parts.append(_place(found[1]))
            position = found.end()
        self._add_text(text[position:])

    @property
    def places(self) -> tuple[Place, ...]:
        return tuple(part for part in self._parts if isinstance(part, Place))

    def fill(self, find: Find, encode: Callable[[str], str] = str) -> str | Place:
        """The text with what `find` gives, each by `encode`; or the first place without a value.

        An empty value counts as none: `order-{{/id}}` must not make one id of all that lack it.
        """
        filled = ""
        for part in self._parts:
            if isinstance(part, str):
                filled += part
                continue
            value = find(part)
            if not value:
                return part
            filled += encode(value)
        return filled

    def _add_text(self, text: str) -> None:
        if "{{" in text or "}}" in text:
            raise _invalid("holds braces that enclose no place")
        if text:
            self._parts.append(text)


def _place(text: str) -> Place:
    kind, _, name = text.partition(":")
    if kind == "header" and _HEADER.fullmatch(name):
        if name.lower() in _SECRET:
            raise _invalid(f"would store the secret of the header {name} in events")
        return Place("header", name.lower())
    if kind == "form" and name:
        return Place("form", name)
    if text.startswith("/") and _POINTER.fullmatch(text):
        return Place("pointer", text)
    if text in _ALONE:
        return Place(_ALONE[text])
    raise _invalid(f"has the place {text[:100]!r}, which stands for nothing")


def _invalid(what: str) -> Invalid:
    return Invalid(
        what,
        code="invalid-template",
        remedy="write {{header:NAME}}, {{form:FIELD}}, {{/json/pointer}}, {{body-hash}} "
        "or {{random}}",
    )
