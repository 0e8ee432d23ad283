"""The rows of a table to a model in this process by column; where it cannot, as other records."""

import asyncio
from collections.abc import Iterator

import orjson

from sinks.file_batch.columnar import Columns, Rows, one_after_the_other, spread_out
from sinks.file_batch.results import Results
from sinks.inference.column_answer import ColumnAnswer
from triggers.file_jobs.calls import Calls
from triggers.file_jobs.opened import Prepared


async def predict_table(calls: Calls, prepared: Prepared) -> Results | None:
    """A prediction or a failure for each row; None where all are to be sent as records.

    Rows that the model leaves out are sent so, together. Raises JobFails, JobPauses.
    """
    columns = prepared.sent.columns
    if not columns or not calls.takes_columns:
        return None
    table = _Table(calls, columns, len(prepared.rows), prepared.bytes_most)
    answers = await table.answers()
    if answers is None:
        return None
    found = one_after_the_other([answer.columns for _, answer in answers])
    left_out = [first + at for first, answer in answers for at in answer.left_out]
    if not left_out:
        return Results(Rows(found))
    others = await calls.predict([prepared.record_at(at) for at in left_out])
    failures = {left_out[at]: failure for at, failure in others.failures.items()}
    placed = dict(zip(left_out, others.predictions, strict=True))
    return Results(Rows(spread_out(found, placed), failures), failures)


class _Table:
    """The calls of one chunk, as many of them at once as the job may make.

    `maxPayloadBytes` bounds the columns of a call as they are in JSON, though none is made.
    """

    def __init__(self, calls: Calls, columns: Columns, rows: int, bytes_most: int | None) -> None:
        self._calls = calls
        self._columns = columns
        self._rows = rows
        size_bytes = self._bytes(0, rows) if bytes_most is None else bytes_most
        self._is_small = size_bytes <= calls.payload_bytes_max
        self._answers: dict[int, ColumnAnswer] = {}  # by the first row of each
        self._is_given_up = False

    async def answers(self) -> list[tuple[int, ColumnAnswer]] | None:
        """Each with its first row, in their order; None where a call said nothing."""
        cuts = self._cuts()
        async with asyncio.TaskGroup() as group:
            for _ in range(self._calls.calls_at_once):
                group.create_task(self._carry_each(cuts))
        return None if self._is_given_up else sorted(self._answers.items())

    async def _carry_each(self, cuts: Iterator[tuple[int, int]]) -> None:
        for first, end in cuts:
            cut = self._cut(first, end)
            answer = await self._calls.call_columns(cut, end - first)
            if answer is None:
                self._is_given_up = True
                return
            self._answers[first] = answer

    def _cuts(self) -> Iterator[tuple[int, int]]:
        """Where each call begins and ends; no more of them once one said nothing."""
        first = 0
        while first < self._rows and not self._is_given_up:
            end = min(first + self._calls.batch_records, self._rows)
            if not self._is_small:
                end = self._shortened(first, end)
            yield first, end
            first = end

    def _shortened(self, first: int, end: int) -> int:
        """Half as many rows, until they are few enough bytes; one may be as large as it is."""
        while end - first > 1 and self._bytes(first, end) > self._calls.payload_bytes_max:
            end = first + (end - first) // 2
        return end

    def _bytes(self, first: int, end: int) -> int:
        return len(orjson.dumps(self._cut(first, end)))

    def _cut(self, first: int, end: int) -> Columns:
        return {name: column[first:end] for name, column in self._columns.items()}
