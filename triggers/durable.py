"""What the store knows of cursors and offset-only rows: retention may not go beyond it."""

from broker.storage.rows import Checkpoint, Loaded


class Durable:
    """The positions on disk, kept beside the writes that change them.

    Memory is ahead of the disk; after a crash the disk counts, and what it still names must
    still be in the log.
    """

    def __init__(self) -> None:
        self.routed = 0
        self._cursors: dict[str, int] = {}
        self._named: dict[str, set[int]] = {}  # offset-only rows, by trigger
        self._reserved: dict[str, int] = {}  # cursors on their way

    def load(self, loaded: Loaded) -> None:
        self.routed = loaded.routed
        self._cursors = {name: cursor.offset for name, cursor in loaded.cursors.items()}
        for row in loaded.waiting:
            self._named.setdefault(row.trigger, set()).add(row.offset)

    def note(self, checkpoint: Checkpoint) -> None:
        """`checkpoint` is on disk."""
        if checkpoint.routed is not None:
            self.routed = checkpoint.routed
        for cursor in checkpoint.cursors:
            self._cursors[cursor.trigger] = cursor.offset
            if self._reserved.get(cursor.trigger) == cursor.offset:
                del self._reserved[cursor.trigger]
        for name in checkpoint.following:
            self._cursors.pop(name, None)
        for trigger, offset in checkpoint.unwaiting:
            self._named.get(trigger, set()).discard(offset)
        for row in checkpoint.waiting:
            self._named.setdefault(row.trigger, set()).add(row.offset)

    def reserve(self, trigger: str, offset: int) -> None:
        """A cursor that is on its way to the disk: what it needs may not be pruned meanwhile.

        Until that very cursor is there: checkpoints under way still write where it stood.
        """
        self._reserved[trigger] = offset

    def let_go(self, trigger: str) -> None:
        """What was reserved for it will not be written."""
        self._reserved.pop(trigger, None)

    def has_passed(self, trigger: str, offset: int) -> bool:
        """Whether the cursor on disk is beyond `offset`: then what became of it is there too."""
        return offset <= self._cursors.get(trigger, self.routed)

    def named(self, trigger: str) -> frozenset[int]:
        """The offsets that rows of `trigger` on disk name."""
        return frozenset(self._named.get(trigger, ()))

    def lowest_needed(self) -> int:
        """The first offset that a cursor has not passed or a row names."""
        needed = 1 + min([self.routed, *self._cursors.values(), *self._reserved.values()])
        return min([needed, *(min(offsets) for offsets in self._named.values() if offsets)])
