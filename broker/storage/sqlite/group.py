"""What the writer takes at once, and what became of it: values of one group commit."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import apsw

from broker.errors import HeadraceError
from broker.event import StoredEvent
from broker.storage.log import OnCheckpoint
from broker.storage.rows import Append, Checkpoint
from broker.storage.sqlite.load import Position


class PendingCheckpoint:
    """A checkpoint and who waits for it."""

    __slots__ = ("checkpoint", "done")

    def __init__(self, checkpoint: Checkpoint, done: OnCheckpoint) -> None:
        self.checkpoint = checkpoint
        self.done = done


class Job:
    """Work for the writer's connection beside group commits: pruning, expiry, a probe.

    `done(result, error)` is called once, on the loop.
    """

    __slots__ = ("done", "run")

    def __init__(
        self,
        run: Callable[[apsw.Connection], Any],
        done: Callable[[Any, HeadraceError | None], None],
    ) -> None:
        self.run = run
        self.done = done


@dataclass(slots=True)
class Group:
    """Appends in the order of asking, and the pending checkpoint: one transaction."""

    appends: list[Append] = field(default_factory=list)
    checkpoint: PendingCheckpoint | None = None

    def __bool__(self) -> bool:
        return bool(self.appends) or self.checkpoint is not None


@dataclass(slots=True)
class Written:
    """A group as committed: `answers` are (append, what it stored, why not)."""

    position: Position
    stored: list[StoredEvent]
    answers: list[tuple[Append, list[StoredEvent], HeadraceError | None]]
    checkpoint_error: HeadraceError | None = None
