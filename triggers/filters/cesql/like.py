"""The patterns of LIKE: `%` any run, `_` one character, `\\%` and `\\_` themselves.

A pattern is cut at its `%` into segments of a fixed length. The first and the last are
anchored, those between are found from left to right, each as early as it can be: nothing
is ever tried again, so the time grows with the text and not with the pattern's stars.
"""

from collections.abc import Iterator
from typing import Literal


class Segment:
    """A stretch without `%`: literal runs at their offsets, `_` between them."""

    __slots__ = ("_accept", "_masks", "_wild", "length", "literal", "runs")

    def __init__(self, characters: list[str | None]) -> None:
        self.length = len(characters)
        self.runs = tuple(_runs(characters))
        # The segment as text, None where it has a `_`.
        self.literal = None if None in characters else "".join(run for _, run in self.runs)
        # Bit i of a character's mask: the segment takes it at offset i (Baeza-Yates and
        # Gonnet's Shift-And, 1992).
        self._wild = sum(1 << i for i, char in enumerate(characters) if char is None)
        self._masks = dict.fromkeys((char for char in characters if char is not None), self._wild)
        for i, char in enumerate(characters):
            if char is not None:
                self._masks[char] |= 1 << i
        self._accept = 1 << (self.length - 1) if characters else 0

    def at(self, text: str, start: int) -> bool:
        """Whether the segment stands at `start`; the caller knows that it fits."""
        return all(text.startswith(run, start + offset) for offset, run in self.runs)

    def find_end(self, text: str, start: int, end: int) -> int:
        """Where its first occurrence within `text[start:end]` ends, -1 where there is none."""
        if self.literal is not None:
            found = text.find(self.literal, start, end)
            return found + self.length if found >= 0 else -1
        if any(text.find(run, start, end) < 0 for _, run in self.runs):
            return -1
        state = 0
        for index in range(start, end):
            state = (state << 1 | 1) & self._masks.get(text[index], self._wild)
            if state & self._accept:
                return index + 1
        return -1


class Pattern:
    """A LIKE pattern, read once; `kind` names the test that it comes down to.

    `literal` is the text of an exact, prefix, suffix or contains pattern; `head` and
    `tail` are what every match begins and ends with.
    """

    __slots__ = ("_length_min", "_segments", "head", "kind", "literal", "tail", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._segments = tuple(Segment(characters) for characters in _cut(text))
        self._length_min = sum(segment.length for segment in self._segments)
        literals = [segment.literal for segment in self._segments]
        self.kind, self.literal = _lowered(literals)
        self.head = _edge(self._segments[0], first=True)
        self.tail = _edge(self._segments[-1], first=False)

    def matches(self, text: str) -> bool:
        """Whether the whole of `text` fits the pattern, case-sensitively."""
        first, last = self._segments[0], self._segments[-1]
        if len(self._segments) == 1:
            return len(text) == first.length and first.at(text, 0)
        end = len(text) - last.length
        if len(text) < self._length_min or not (first.at(text, 0) and last.at(text, end)):
            return False
        start = first.length
        for segment in self._segments[1:-1]:
            start = segment.find_end(text, start, end)
            if start < 0:
                return False
        return True


Kind = Literal["exact", "prefix", "suffix", "contains", "any", "general"]


def _lowered(literals: list[str | None]) -> tuple[Kind, str]:
    match literals:
        case [str(text)]:
            return "exact", text
        case ["", ""]:
            return "any", ""
        case [str(text), ""]:
            return "prefix", text
        case ["", str(text)]:
            return "suffix", text
        case ["", str(text), ""]:
            return "contains", text
    return "general", ""


def _edge(segment: Segment, *, first: bool) -> str:
    """The literal text at the outer edge of the first or the last segment."""
    if not segment.runs:
        return ""
    offset, run = segment.runs[0 if first else -1]
    touches = offset == 0 if first else offset + len(run) == segment.length
    return run if touches else ""


def _cut(text: str) -> list[list[str | None]]:
    """The segments between the `%`, a `_` as None; repeated `%` count once."""
    segments: list[list[str | None]] = [[]]
    inner = False  # after a %, where an empty segment would be another %
    index = 0
    while index < len(text):
        char = text[index]
        if char == "\\" and text[index + 1 : index + 2] in ("%", "_"):
            index += 1
            segments[-1].append(text[index])
        elif char == "%":
            if segments[-1] or not inner:
                segments.append([])
            inner = True
        else:
            segments[-1].append(None if char == "_" else char)
        index += 1
    return segments


def _runs(characters: list[str | None]) -> Iterator[tuple[int, str]]:
    """The literal runs with their offsets."""
    start = 0
    for index in range(len(characters) + 1):
        if index == len(characters) or characters[index] is None:
            if index > start:
                yield start, "".join(char for char in characters[start:index] if char is not None)
            start = index + 1
