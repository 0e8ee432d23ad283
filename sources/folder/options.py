"""What a FolderSource is told."""

from dataclasses import dataclass
from typing import Literal

Happening = Literal["created", "changed", "removed"]
ALL_HAPPENINGS: frozenset[Happening] = frozenset(("created", "changed", "removed"))
UNFINISHED = (".*", "*.part", "*.tmp")  # hidden files, and names that files in the making have
FILES_MAX = 100_000


@dataclass(frozen=True, slots=True)
class FolderOptions:
    """`path` is absolute. `tells_initial`: what is there at the very first start is created.

    A glob without a slash is about the name, wherever it is; one with a slash about the whole
    path below the folder. A folder that `exclude` takes is not looked into.
    """

    path: str
    include: tuple[str, ...] = ()  # none: all
    exclude: tuple[str, ...] = UNFINISHED
    is_recursive: bool = True
    tells: frozenset[Happening] = ALL_HAPPENINGS
    tells_initial: bool = True
    settle_seconds: float = 1.0
    scan_seconds: float = 30.0
    has_hash: bool = True
    files_max: int = FILES_MAX
