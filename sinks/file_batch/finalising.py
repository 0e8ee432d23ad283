"""Parts under temporary names become files: each is joined as a stream and appears at once."""

from collections.abc import Iterator, Sequence
from hashlib import sha256

from sinks.file_batch.manifest import JobFacts, Output, manifest_bytes
from sinks.file_batch.names import Names
from sinks.file_batch.place import Place
from sinks.file_batch.row_writer import Part, Writer
from sinks.file_batch.store import Store, Stored


class Parts:
    """The parts of one job. Blocking; a part is durable when `put` returns.

    Their folder belongs to the input, so a new job removes what an earlier one left in it.
    """

    def __init__(self, store: Store, names: Names) -> None:
        self._store = store
        self._names = names

    def put(self, number: int, rows: bytes, errors: bytes) -> Stored:
        """Write what came of chunk `number`, or of several from there on, one after the other.

        Repeated, it replaces what it wrote. The rows are what is told of it.
        """
        if errors:
            self._store.put_atomic(self._names.part_errors(number).path, [errors])
        return self._store.put_atomic(self._names.part(number).path, [rows])

    def is_there(self, number: int, stored: Stored) -> bool:
        """Whether a part that was put is still there as it was; reads it."""
        path = self._names.part(number).path
        head = self._store.head(path)
        if head is None or head.size_bytes != stored.size_bytes:
            return False
        hashed = sha256()
        for block in self._store.read(path):
            hashed.update(block)
        return hashed.hexdigest() == stored.sha256

    def join(
        self, writer: Writer, chunks: Sequence[int], with_errors: Sequence[int]
    ) -> list[Output]:
        """Make the output, and the file of errors if there are any; safe to be repeated.

        `chunks` are the numbers that parts were put by, in the order of their rows, `with_errors`
        those of them that had errors. What an earlier job said of this input is removed first:
        its manifest would no longer be true.
        """
        self._store.delete(self._names.manifest.path)
        parts = [self._reading(self._names.part(number)) for number in chunks]
        outputs = [self._put(self._names.output, writer.joined(parts))]
        if with_errors:
            errors = [self._reading(self._names.part_errors(number)) for number in with_errors]
            outputs.append(self._put(self._names.errors, _one_after_the_other(errors)))
        else:
            self._store.delete(self._names.errors.path)  # an earlier job's for this input
        return outputs

    def commit(self, facts: JobFacts) -> Output:
        """Write the manifest, then remove the parts. Dying in between leaves them lying."""
        output = self._put(self._names.manifest, iter([manifest_bytes(facts)]))
        self.remove()
        return output

    def remove(self) -> None:
        """Remove all parts of this job, however many there are."""
        for each in self._store.list(self._names.parts.path):
            self._store.delete(each.path)
        self._store.delete(self._names.parts.path)

    def _reading(self, place: Place) -> Part:
        return lambda: self._store.read(place.path)

    def _put(self, place: Place, blocks: Iterator[bytes]) -> Output:
        return Output(place, self._store.put_atomic(place.path, blocks))


def _one_after_the_other(parts: Sequence[Part]) -> Iterator[bytes]:
    for part in parts:
        yield from part()
