"""What of a record is sent, and what of it and of its prediction is written. Pure."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

from sinks.file_batch.record import Chunk, Value, objects
from sinks.file_batch.spec import ReadSpec
from sinks.inference.path import DataPath


class Sent:
    """For each record of a chunk what a call is about, and its key (None without keyField).

    `columns` is the same by column, where the records are rows of a table; a call may take those,
    and then the `values` are never made.
    """

    def __init__(
        self,
        keys: Sequence[Value],
        columns: Mapping[str, Sequence[Value]] | None,
        make_values: Callable[[], Sequence[Value]],
    ) -> None:
        self.keys = keys
        self.columns = columns
        self._make_values = make_values

    @cached_property
    def values(self) -> Sequence[Value]:
        return self._make_values()


def select(chunk: Chunk, read: ReadSpec) -> Sent:
    """`columns` keeps what it names, in its order, `exclude` takes away. Other records are whole.

    A column that a record does not have is left out of it: the sink says what it misses.
    """
    keys = keys_of(chunk, read.key_field)
    if chunk.columns is not None:
        found = chunk.columns
        columns = {name: found[name] for name in _wanted(tuple(found), read)}
        if len(columns) == 0:
            return Sent(keys, columns, lambda: [{}] * len(chunk.rows))
        return Sent(keys, columns, lambda: objects(columns))
    if read.columns or read.exclude:
        return Sent(keys, None, lambda: [_reduced(value, read) for value in chunk.values])
    return Sent(keys, None, lambda: chunk.values)


def keys_of(chunk: Chunk, key_field: str | None) -> Sequence[Value]:
    """A member's key is its name."""
    if chunk.names:
        return chunk.names
    if key_field is None:
        return [None] * len(chunk.rows)
    if chunk.columns is not None:
        return chunk.columns.get(key_field) or [None] * len(chunk.rows)
    return [value.get(key_field) if isinstance(value, dict) else None for value in chunk.values]


class Choice:
    """The parts of a JSON value that `write.inputFilter` or `outputFilter` names."""

    def __init__(self, filters: Sequence[str]) -> None:
        """Raises Invalid for a JSONPath that is none."""
        self._paths = {
            _title(text): DataPath(text) if text.startswith("$") else None for text in filters
        }
        self.names = tuple(self._paths)

    def of(self, value: Value) -> dict[str, Value]:
        """By name; None where there is nothing."""
        return {name: self._one(name, path, value) for name, path in self._paths.items()}

    def _one(self, name: str, path: DataPath | None, value: Value) -> Value:
        if path is None:
            return value.get(name) if isinstance(value, dict) else None
        found = path.find(value)
        return (found[0] if found else None) if path.is_single else found


def _title(text: str) -> str:
    """`$.scores[0]` is called `scores[0]`."""
    return text.removeprefix("$").removeprefix(".") or text


def _wanted(names: tuple[str, ...], read: ReadSpec) -> tuple[str, ...]:
    kept = [name for name in read.columns if name in names] if read.columns else names
    return tuple(name for name in kept if name not in read.exclude)


def _reduced(value: Value, read: ReadSpec) -> Value:
    if not isinstance(value, dict):
        return value
    return {name: value[name] for name in _wanted(tuple(value), read)}
