"""An import as a value: what the lines of a file come to, before any of them is published. Pure.

    looked at, slice by slice ──▶ acted on, the same slices again ──▶ published

The lines themselves are not kept: whoever acts sends them once more, and a digest of each
slice says that they are those that were shown.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import blake2b

from broker.errors import Conflict, Invalid
from deploy.admin.import_lines import MISTAKES_MAX, Lines, Mistake

SLICES_MAX = 2_000
KEPT = timedelta(hours=1)  # since it was used last
DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class Published:
    """What came of a slice; `is_duplicate`: all of it had been published before."""

    events: int
    is_duplicate: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """How events of a slice stand in the broker: dead letters of them, and of some of them
    (`sampled`) how many are in the log."""

    still_dead: int = 0
    sampled: int = 0
    in_log: int = 0


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """`content` is a digest of all lines, however they were sliced: it names the publisher,
    so that the same file is known as a repeat; `is_repeat`, when the last slice was looked at.
    `slices` and `done` are by their first line.
    """

    id: str
    broker: str
    by: str
    made_at: datetime
    used_at: datetime
    content: bytes = b""
    slices: Mapping[int, bytes] = field(default_factory=dict)
    lines: int = 0
    events: int = 0
    size_bytes: int = 0
    by_type: Mapping[str, int] = field(default_factory=dict)
    refused: int = 0
    mistakes: tuple[Mistake, ...] = ()
    standing: Standing = field(default_factory=Standing)
    is_repeat: bool = False
    acted_at: datetime | None = None
    done: Mapping[int, Published] = field(default_factory=dict)

    @property
    def valid_until(self) -> datetime:
        return self.used_at + KEPT

    @property
    def principal(self) -> str:
        return f"import/{self.content.hex()}"

    @property
    def published(self) -> int:
        """Events of the slices that were acted on."""
        return sum(one.events for one in self.done.values())

    @property
    def known(self) -> int:
        """Of those, the ones of slices that had been published before."""
        return sum(one.events for one in self.done.values() if one.is_duplicate)

    def has(self, first_line: int, lines: Sequence[str]) -> bool:
        """Whether exactly these lines were looked at."""
        return self.slices.get(first_line) == digest_of(lines)

    def check_next(self, first_line: int) -> None:
        """Raises Conflict, Invalid where a slice that begins there cannot be added."""
        if self.acted_at is not None:
            raise Conflict(
                f"import {self.id} is being published: no lines are added to it",
                code="plan-acted",
                remedy="look at the file again, without a plan",
            )
        if first_line != self.lines + 1:
            raise Conflict(
                f"the next line of import {self.id} is {self.lines + 1}, not {first_line}",
                code="lines-missing",
                where="first_line",
                remedy="send the slices in their order",
            )
        if len(self.slices) == SLICES_MAX:
            raise Invalid(
                f"an import has at most {SLICES_MAX} slices",
                code="too-many",
                remedy="split the file",
            )

    def looked(
        self, first_line: int, lines: Sequence[str], found: Lines, standing: Standing
    ) -> "ImportPlan":
        """With one slice more, of which `found` is what it says."""
        before = self.standing
        return replace(
            self,
            content=chained(self.content, lines),
            slices={**self.slices, first_line: digest_of(lines)},
            lines=self.lines + len(lines),
            events=self.events + len(found.events),
            size_bytes=self.size_bytes + sum(event.size_bytes for event in found.events),
            by_type=Counter(self.by_type) + Counter(event.type for event in found.events),
            refused=self.refused + found.refused,
            mistakes=(*self.mistakes, *found.mistakes)[:MISTAKES_MAX],
            standing=Standing(
                before.still_dead + standing.still_dead,
                before.sampled + standing.sampled,
                before.in_log + standing.in_log,
            ),
        )

    def acted(self, first_line: int, published: Published) -> "ImportPlan":
        return replace(self, done={**self.done, first_line: published})


def digest_of(lines: Sequence[str]) -> bytes:
    return chained(b"", lines)


def chained(content: bytes, lines: Sequence[str]) -> bytes:
    """The digest of what `content` is the digest of, and `lines` behind it; without blanks."""
    for line in lines:
        if text := line.strip():
            one = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES)
            content = blake2b(content + one.digest(), digest_size=DIGEST_BYTES).digest()
    return content
