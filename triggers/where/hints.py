"""Texts that an event's data must hold where a query is true of it. Pure.

A store tries them on the bytes, which costs a tenth of reading a row. So a text counts only
where JSON spells it as it is, or with a backslash, which is looked for as well: one that begins
with a letter is part of a string, a name, or one of the words below.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from triggers.filters.cesql.tree import Attribute, Binary, Expression, Like, Literal
from triggers.where.names import DATA

_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z][A-Za-z0-9 _-]*", re.ASCII)
_WORDS: Final = frozenset({"true", "false"})  # of JSON: a Boolean equals them in any case
TEXTS_MAX: Final = 8
CHARACTERS_MAX: Final = 200


def hints_of(clauses: Iterable[Expression]) -> tuple[bytes, ...]:
    """What is in the data of every event of which all of `clauses` are true."""
    texts = (text for clause in clauses for text in _texts(clause))
    plain = [
        text.encode()
        for text in texts
        if _PLAIN.fullmatch(text) and text.lower() not in _WORDS and len(text) <= CHARACTERS_MAX
    ]
    return tuple(dict.fromkeys(plain))[:TEXTS_MAX]


def _texts(clause: Expression) -> Iterator[str]:
    match clause:
        case Binary(operator="=", left=Attribute(name=name), right=Literal(value=str(value))):
            yield from (value,) if name.startswith(DATA) else ()
        case Binary(operator="=", left=Literal(value=str(value)), right=Attribute(name=name)):
            yield from (value,) if name.startswith(DATA) else ()
        case Like(operand=Attribute(name=name), pattern=pattern, negated=False):
            if name.startswith(DATA) and pattern.literal:
                yield pattern.literal
