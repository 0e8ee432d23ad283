"""Globs over names with slashes. Pure.

`*`, `?` and `[abc]` `[!abc]` `[a-z]` stand within a part between slashes, `**` for any number of
whole parts, none among them: `a/**` is `a` and all below it.
"""

import re
from collections.abc import Sequence
from fnmatch import translate

from broker.errors import Invalid

GLOB_CHARACTERS_MAX = 1_000


class Glob:
    """Parts are matched by expressions that do not go back, and only the last `**` is tried again.

    So no name costs more than its parts times those of the glob.
    """

    def __init__(self, text: str) -> None:
        """Raises Invalid(code="invalid-glob"), whose text continues a sentence on the glob."""
        parts = text.split("/")
        if len(text) > GLOB_CHARACTERS_MAX or "" in parts:
            remedy = f"write up to {GLOB_CHARACTERS_MAX} characters, such as *.csv or data/**"
            raise Invalid("is no glob of names", code="invalid-glob", remedy=remedy)
        self._parts: Sequence[re.Pattern[str] | None] = [
            None if part == "**" else re.compile(translate(part)) for part in parts
        ]

    def matches(self, name: str) -> bool:
        """Whether it takes the whole of `name`."""
        given = name.split("/")
        at = part = 0
        resume: tuple[int, int] | None = None  # after the last `**`: which part, from where
        while at < len(given):
            if part < len(self._parts) and (pattern := self._parts[part]) is None:
                part += 1
                resume = (part, at)
            elif part < len(self._parts) and pattern is not None and pattern.match(given[at]):
                part, at = part + 1, at + 1
            elif resume is not None:
                resume = (resume[0], resume[1] + 1)
                part, at = resume
            else:
                return False
        return all(rest is None for rest in self._parts[part:])
