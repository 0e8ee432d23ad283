"""What a planted bug is: edits of source text, and the tests that must notice."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edit:
    """`before` stands exactly once in the file and becomes `after`."""

    path: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Bug:
    """What is done wrong, how, and the tests that must notice."""

    name: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]
