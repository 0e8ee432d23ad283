"""YAML to plain values that remember where they stood, without YAML's surprises.

Built straight from the parser's events, so that depth, aliases and tags are judged before
anything is made of them. Against YAML 1.1: only `true` and `false` are booleans, only
decimal numbers are numbers, dates are text; aliases, merges, tags and duplicate keys are
mistakes.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

from deploy.config.mistakes import Findings, Mistake, PathInDocument, dotted, shown_name

DEPTH_MAX = 64
VALUES_MAX = 250_000  # of one file; some 15,000 triggers
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})", re.ASCII)
_FLOAT = re.compile(
    r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?", re.ASCII
)
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "~": None, "": None}


class Spot(NamedTuple):
    """Line and column, from 1. `text_column` is where the text of a scalar on one line begins,
    None where its columns cannot be told (folded, escaped, over several lines)."""

    line: int
    column: int
    text_column: int | None = None


@dataclass(slots=True)
class Document:
    """One YAML document: its plain value and where each value and key of it stands."""

    file: str
    value: Any = None
    spots: dict[PathInDocument, Spot] = field(default_factory=dict)
    keys: dict[PathInDocument, Spot] = field(default_factory=dict)
    broken: bool = False  # a mistake of form was found: judging the content would mislead

    def spot(self, path: PathInDocument, of_key: bool = False) -> Spot:
        """Where `path` stands, or the nearest thing around it."""
        if of_key and path in self.keys:
            return self.keys[path]
        while path not in self.spots and path:
            path = path[:-1]
        return self.spots.get(path, Spot(1, 1))

    def mistake(
        self, path: PathInDocument, what: str, remedy: str, *, of_key: bool = False
    ) -> Mistake:
        spot = self.spot(path, of_key)
        return Mistake(self.file, spot.line, spot.column, dotted(path), what, remedy)


class _Unreadable(Exception):
    """The rest of the file cannot be read."""


def read_documents(file: str, text: str, findings: Findings) -> list[Document]:
    """The documents of one file that are not empty; mistakes of form go to `findings`."""
    composer = _Composer(file, findings)
    try:
        for event in (events := yaml.parse(text, Loader=yaml.CSafeLoader)):
            if isinstance(event, yaml.DocumentStartEvent):
                composer.compose(events)
    except yaml.YAMLError as error:
        findings.mistakes.append(_syntax_mistake(file, text, error))
        composer.give_up()
    except _Unreadable:
        composer.give_up()
    return [document for document in composer.documents if document.value is not None]


class _Composer:
    def __init__(self, file: str, findings: Findings) -> None:
        self.documents: list[Document] = []
        self._file = file
        self._findings = findings
        self._values = 0

    def compose(self, events: Iterator[Any]) -> None:
        document = Document(self._file)
        self.documents.append(document)
        document.value = self._value(document, (), next(events), events)

    def give_up(self) -> None:
        if self.documents:
            self.documents[-1].broken = True

    def _value(
        self, document: Document, path: PathInDocument, event: Any, events: Iterator[Any]
    ) -> Any:
        document.spots[path] = _spot(event)
        self._values += 1
        if self._values > VALUES_MAX:
            self._refuse(document, path, f"is one of over {VALUES_MAX} values", "split the file")
            raise _Unreadable
        if isinstance(event, yaml.AliasEvent):
            self._refuse(
                document, path, "is an alias", f"write out what *{event.anchor} stands for"
            )
            return None
        if event.tag is not None:
            self._refuse(document, path, "has a tag", f"remove {shown_name(event.tag)}")
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event)
        if len(path) >= DEPTH_MAX:
            self._refuse(document, (), f"is nested over {DEPTH_MAX} levels deep", "flatten it")
            raise _Unreadable
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(document, path, events)
        return self._mapping(document, path, events)

    def _sequence(
        self, document: Document, path: PathInDocument, events: Iterator[Any]
    ) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append(self._value(document, (*path, len(items)), event, events))
        return items

    def _mapping(
        self, document: Document, path: PathInDocument, events: Iterator[Any]
    ) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            place = _spot(event)
            if not isinstance(event, yaml.ScalarEvent):
                document.spots[path] = place
                self._refuse(document, path, "has a key that is no text", "write a plain name")
                raise _Unreadable
            name = event.value
            inner = (*path, name)
            if name in mapping:
                self._refuse_second(document, inner, place)
                # Read past the second value without keeping it or its positions.
                self._value(Document(self._file), (), next(events), events)
                continue
            document.keys[inner] = place
            mapping[name] = self._value(document, inner, next(events), events)
            if event.tag is not None or (name == "<<" and event.implicit[0]):
                self._refuse(document, inner, "is a merge or has a tag", "write the fields out")
        return mapping

    def _refuse_second(self, document: Document, path: PathInDocument, place: Spot) -> None:
        first = document.keys[path]
        self._findings.mistakes.append(
            Mistake(
                self._file,
                place.line,
                place.column,
                dotted(path),
                f"stands a second time, first in line {first.line}",
                "remove one of the two",
            )
        )

    def _refuse(self, document: Document, path: PathInDocument, what: str, remedy: str) -> None:
        document.broken = True
        self._findings.mistakes.append(document.mistake(path, what, remedy))


def _spot(event: Any) -> Spot:
    start, end = event.start_mark, event.end_mark
    line, column = start.line + 1, start.column + 1
    if not isinstance(event, yaml.ScalarEvent) or end.line != start.line:
        return Spot(line, column)
    # Written as long as its value, plus quotes: nothing was escaped, so columns count through.
    quotes = 0 if event.implicit[0] else 1
    written = end.column - start.column
    plain = written == len(event.value) + 2 * quotes
    return Spot(line, column, column + quotes if plain else None)


def _scalar(event: Any) -> Any:
    text: str = event.value
    if not event.implicit[0]:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text


def _syntax_mistake(file: str, text: str, error: yaml.YAMLError) -> Mistake:
    mark: Any = getattr(error, "problem_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
    context = getattr(error, "context", None)
    if isinstance(error, yaml.reader.ReaderError):
        line, column = _place_of_odd_character(text)
    what = f"is no YAML: {problem}" + (f" {context}" if context else "")
    remedy = "indent with spaces" if "\\t" in str(problem) else "mend the text at this place"
    return Mistake(file, line, column, "", what, remedy)


def _place_of_odd_character(text: str) -> tuple[int, int]:
    """YAML 1.1 section 5.1 names the characters a file may hold; the parser gives no line."""
    match = re.search(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
    if match is None:
        return 0, 0
    before = text[: match.start()]
    return before.count("\n") + 1, match.start() - before.rfind("\n")
