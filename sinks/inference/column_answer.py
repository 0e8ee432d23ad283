"""What a model says of a table. Apart from what makes it, which needs numpy. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class ColumnAnswer(NamedTuple):
    """The outputs for the rows of a table but those `left_out`, which are to be sent as events."""

    columns: Mapping[str, Sequence[Any]]
    left_out: Sequence[int]
    model: str
    version: str | None
