"""Tables to a model and back by column: no object is made for a row. Pure."""

from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import chain
from typing import Protocol, overload, runtime_checkable

from sinks.file_batch.record import Value, objects
from sinks.inference.column_answer import ColumnAnswer

Columns = Mapping[str, Sequence[Value]]


@runtime_checkable
class PredictsColumns(Protocol):
    """What a sink may do beside `deliver`, where it runs its model itself."""

    async def predict_columns(
        self, columns: Columns, wanted: Sequence[str], deadline: float
    ) -> ColumnAnswer | None:
        """The fields `wanted` (none: all) of the predictions, a value in each for every row.

        None: nothing is said of any row. Those, and the rows that an answer leaves out, are to be
        sent by `deliver`, which says what is wrong with them.
        """
        ...


class Rows(Sequence[Value]):
    """Predictions by column, read as the rows that they are; `columns` are equally long.

    `failed` are the rows that have none.
    """

    def __init__(self, columns: Columns, failed: Container[int] = ()) -> None:
        self.columns = columns
        self._failed = failed

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __iter__(self) -> Iterator[Value]:
        rows = objects(self.columns)
        if not self._failed:
            return iter(rows)
        return (None if at in self._failed else row for at, row in enumerate(rows))

    @overload
    def __getitem__(self, at: int) -> Value: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Value]: ...
    def __getitem__(self, at: int | slice) -> Value | Sequence[Value]:
        return list(self)[at]


def spread_out(columns: Columns, placed: Mapping[int, Value]) -> Columns:
    """With other rows between them: `placed` says by its index, ascending, what each row holds."""
    if not placed:
        return columns
    made = {name: list(column) for name, column in columns.items()}
    for at, row in placed.items():
        fields = row if isinstance(row, dict) else {}
        for name, column in made.items():
            column.insert(at, fields.get(name))
    return made


def one_after_the_other(parts: Sequence[Columns]) -> Columns:
    """All with the same names."""
    if len(parts) == 1:
        return parts[0]
    return {name: list(chain.from_iterable(p[name] for p in parts)) for name in parts[0]}
