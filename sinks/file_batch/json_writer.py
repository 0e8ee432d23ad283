"""Writing JSON: a value a line, or all of them in one array.

With join `input` an object gets the key `prediction` (one that it has already gives way); what is
no object stands under a key of its own: `input`, `text` of a line of text, `name` of a member.
"""

from collections.abc import Iterator, Sequence
from itertools import compress

import orjson

from sinks.file_batch.record import Chunk, Reader, Value
from sinks.file_batch.results import Results
from sinks.file_batch.row_writer import PREDICTION, ROW_BYTES_MAX, Part, output_format
from sinks.file_batch.selecting import Choice, keys_of
from sinks.file_batch.spec import Format, ReadSpec, WriteSpec

_KEY = b',"' + PREDICTION.encode() + b'":'


class JsonWriter:
    """Implements `sinks.file_batch.row_writer.Writer`."""

    def __init__(
        self, reader: Reader, read: ReadSpec, write: WriteSpec, keeps_failed: bool = True
    ) -> None:
        self._is_array = output_format(reader.format, write) == "json"
        self._is_text = reader.format == "text"
        self._join = write.join
        self._key_field = read.key_field
        self._keeps_failed = keeps_failed
        self._inputs = Choice(write.input_filter) if write.input_filter else None
        self._chosen = Choice(write.output_filter) if write.output_filter else None
        self.row_end = b",\n" if self._is_array else b"\n"
        made: Format = "json" if self._is_array else "jsonl"
        self.reads_back = ReadSpec(made, "none", record_bytes_max=ROW_BYTES_MAX)

    def part(self, chunk: Chunk, results: Results) -> bytes:
        """Of an array: every item with a comma behind it, which `joined` takes from the last."""
        predictions = [orjson.dumps(each) for each in self._predictions(results)]
        lines = self._lines(chunk, predictions)
        if results.failures and not self._keeps_failed:
            lines = list(compress(lines, (at not in results.failures for at in range(len(lines)))))
        return b"".join([line + self.row_end for line in lines])

    def joined(self, parts: Sequence[Part]) -> Iterator[bytes]:
        if not self._is_array:
            for part in parts:
                yield from part()
            return
        yield b"[\n"
        held = b""
        for part in parts:
            for block in part():
                held += block
                yield held[: -len(self.row_end)]
                held = held[-len(self.row_end) :]
        yield b"\n]\n"

    def _predictions(self, results: Results) -> Sequence[Value]:
        chosen = self._chosen
        if chosen is None:
            return results.predictions
        return [
            None if at in results.failures else chosen.of(each)
            for at, each in enumerate(results.predictions)
        ]

    def _lines(self, chunk: Chunk, predictions: Sequence[bytes]) -> list[bytes]:
        if self._join == "none":
            return list(predictions)
        if self._join == "key":
            keys = keys_of(chunk, self._key_field)
            return [
                b'{"key":' + orjson.dumps(key) + _KEY + made + b"}"
                for key, made in zip(keys, predictions, strict=True)
            ]
        inputs = self._objects(chunk)
        raws = chunk.raws if chunk.columns is None and self._inputs is None else ()
        if raws and not self._is_text:
            return [
                raw.rstrip()[:-1] + _KEY + made + b"}"
                if value is given and value and PREDICTION not in value
                else _line(value, made)
                for raw, given, value, made in zip(
                    raws, chunk.values, inputs, predictions, strict=True
                )
            ]
        return [_line(value, made) for value, made in zip(inputs, predictions, strict=True)]

    def _objects(self, chunk: Chunk) -> Sequence[dict[str, Value]]:
        """Each record as an object; the same one where it is one."""
        if self._inputs is not None:
            return [self._inputs.of(value) for value in chunk.values]
        if chunk.names:
            return [{"name": name} for name in chunk.names]
        key = "text" if self._is_text else "input"
        return [value if isinstance(value, dict) else {key: value} for value in chunk.values]


def _line(value: dict[str, Value], made: bytes) -> bytes:
    rest = {name: each for name, each in value.items() if name != PREDICTION}
    front = orjson.dumps(rest)[:-1]
    return front + (_KEY if rest else _KEY[1:]) + made + b"}"
