"""The memory that queued events may take, over all lanes of a process."""

MEMORY_BYTES_MAX = 64 * 1024 * 1024


class Budget:
    """Bytes of queued events, at most `MEMORY_BYTES_MAX`.

    A lane always has room for a few: others' full queues slow it down to smaller pages but
    never stop it.
    """

    __slots__ = ("used_bytes",)

    def __init__(self) -> None:
        self.used_bytes = 0

    def use(self, size_bytes: int) -> None:
        """So much more, or less where negative."""
        self.used_bytes += size_bytes
