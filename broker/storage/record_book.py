"""Comparing and numbering records within one commit, whatever the engine."""

from collections.abc import Callable, Sequence

from broker.errors import StaleRevision
from broker.storage.rows import Record


class RecordBook:
    """Revisions as the commit sees them: what is stored, and what it has changed so far.

    `changes` maps each key that the commit writes to (value, revision); a value of None
    deletes it. `revision_of` gives a key's stored revision, 0 where there is none.
    """

    def __init__(self, revision_of: Callable[[str], int]) -> None:
        self._revision_of = revision_of
        self._revisions: dict[str, int] = {}
        self.changes: dict[str, tuple[bytes | None, int]] = {}

    def write(self, records: Sequence[Record]) -> None:
        """Take all of `records`, or none. Raises StaleRevision naming the first that lost."""
        revisions = dict[str, int]()
        changes = dict[str, tuple[bytes | None, int]]()
        for record in records:
            now = revisions.get(record.key)
            if now is None:
                now = self._now(record.key)
            if record.expect is not None and record.expect != now:
                raise StaleRevision(
                    f"record {record.key!r} is at revision {now}, not {record.expect}",
                    remedy="read it again and decide anew",
                )
            next_revision = 0 if record.value is None else now + 1
            revisions[record.key] = next_revision
            changes[record.key] = (record.value, next_revision)
        self._revisions.update(revisions)
        self.changes.update(changes)

    def _now(self, key: str) -> int:
        written = self._revisions.get(key)
        return self._revision_of(key) if written is None else written
