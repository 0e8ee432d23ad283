"""Reading files with a record in each line: JSON (one value a line) and plain text."""

from collections.abc import Iterator, Sequence

import orjson

from sinks.file_batch.cutter import Cutter
from sinks.file_batch.plain import Plain
from sinks.file_batch.record import BEGINNING, Chunk, Mark, Value
from sinks.file_batch.runs import RawChunk, Sifted, gathered
from sinks.file_batch.spec import Format


class LineReader:
    """Implements `sinks.file_batch.record.Reader`. The value of a line of text is the text."""

    line_end = b"\n"

    def __init__(self, plain: Plain, record_bytes_max: int, is_json: bool) -> None:
        self.format: Format = "jsonl" if is_json else "text"
        self.fields: Sequence[str] | None = None
        self._plain = plain
        self._record_bytes_max = record_bytes_max
        self._parse = orjson.loads if is_json else bytes.decode
        self._errors = (orjson.JSONDecodeError, UnicodeDecodeError)

    def chunks(self, start: Mark = BEGINNING) -> Iterator[Chunk]:
        start = start._replace(position=max(start.position, self._plain.begins_at))
        cutter = Cutter(start.position, self._record_bytes_max)
        for raw in gathered(cutter.cut(self._plain.blocks(start.position)), start):
            yield self._chunk(raw)

    def _chunk(self, raw: RawChunk) -> Chunk:
        sifted = Sifted(raw)
        try:
            listed = [self._parse(each) for each in sifted.raws]
        except self._errors:
            listed = self._one_by_one(sifted)
        return Chunk(
            raw.start,
            raw.end,
            sifted.rows,
            sifted.offsets,
            sorted(sifted.bad),
            sifted.raws,
            listed=listed,
        )

    def _one_by_one(self, sifted: Sifted) -> list[Value]:
        listed: list[Value] = []
        bad: dict[int, str] = {}
        for at, each in enumerate(sifted.raws):
            try:
                listed.append(self._parse(each))
            except self._errors as error:
                bad[at] = f"is no {self.format}: {error}"
        sifted.drop(bad)
        return listed
