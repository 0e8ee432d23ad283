"""What is wrong with a configuration, said so that its writer can mend it in one go."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from broker.errors import Invalid

_SHOWN_CHARACTERS_MAX = 60
_COMPARED_NAMES_MAX = 100
PathInDocument = tuple[str | int, ...]


class InvalidValue(Invalid):
    """One value cannot be used; `what` continues the sentence that the value begins.

    The text never holds the value itself, which may be a secret: who reports it decides
    whether to show it.
    """

    code = "invalid-value"


class Mistake(NamedTuple):
    """`line` and `column` count from 1; both 0 where the file as a whole is meant."""

    file: str
    line: int
    column: int
    path: str
    what: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}: " if self.line else f"{self.file}: "
        path = f"{self.path}: " if self.path else ""
        return f"{place}{path}{self.what}; {self.remedy}"


@dataclass(slots=True)
class Findings:
    """Everything found while reading: mistakes refuse the configuration, warnings do not."""

    mistakes: list[Mistake] = field(default_factory=list)
    warnings: list[Mistake] = field(default_factory=list)


def dotted(path: PathInDocument) -> str:
    """`spec.filters[1].cesql`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{shown_name(part)}"
    return text.removeprefix(".")


def shown_name(name: str) -> str:
    """A key as it may stand in a line: printable and short."""
    if name.isprintable() and len(name) <= _SHOWN_CHARACTERS_MAX:
        return name
    return ascii(name[:_SHOWN_CHARACTERS_MAX])


def shown(value: object) -> str:
    """A scalar as it may stand in a sentence: quoted, escaped and short."""
    if isinstance(value, str):
        short = value[:_SHOWN_CHARACTERS_MAX]
        more = "…" if len(value) > _SHOWN_CHARACTERS_MAX else ""
        return (repr(short) if short.isprintable() else ascii(short)) + more
    if value is None:
        return "an empty value"
    return str(value).lower() if isinstance(value, bool) else str(value)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The remedy for a name that is not known: the nearest one, else all there are.

    Among very many names none is looked for: thousands of mistakes would take minutes.
    """
    names = list(known)
    if len(names) > _COMPARED_NAMES_MAX:
        return f"name one of the {len(names)} that are declared"
    from difflib import get_close_matches  # only where there is a mistake

    near = get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]}?"
    return f"there are {', '.join(sorted(names))}" if names else "there are none yet"
