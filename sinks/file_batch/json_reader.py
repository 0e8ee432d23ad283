"""Reading one JSON document: the items of its array, or the one object that it is.

Items are parsed one after the other out of a window over the file, so that the document is never
in memory as a whole. Where the document is broken, nothing behind can be told from the rest.
"""

import codecs
import json
from collections.abc import Iterator, Sequence

from sinks.file_batch.plain import Plain
from sinks.file_batch.record import (
    BEGINNING,
    CHUNK_BYTES_MAX,
    CHUNK_RECORDS,
    SHOWN_BYTES_MAX,
    BadRecord,
    Chunk,
    Mark,
    Value,
    broken_file,
)
from sinks.file_batch.spec import Format

_SPACE = " \t\r\n"
_DIGITS_MAX = 19


class JsonReader:
    """Implements `sinks.file_batch.record.Reader`."""

    format: Format = "json"
    line_end = b"\n"

    def __init__(self, plain: Plain, record_bytes_max: int) -> None:
        self.fields: Sequence[str] | None = None
        self._plain = plain
        self._record_bytes_max = record_bytes_max

    def chunks(self, start: Mark = BEGINNING) -> Iterator[Chunk]:
        """A chunk that is not the first begins behind the comma before its first item."""
        window = _Window(self._plain, start.position, self._record_bytes_max)
        if start.row:
            window.is_array = _Window(self._plain, 0, self._record_bytes_max).is_of_array()
        if not window.begin(is_first=start.row == 0):
            return
        while not window.is_over:
            chunk = self._chunk(window, start)
            if chunk.records == 0:
                return
            yield chunk
            start = chunk.end

    def _chunk(self, window: "_Window", start: Mark) -> Chunk:
        rows: list[int] = []
        offsets: list[int] = []
        raws: list[bytes] = []
        listed: list[Value] = []
        bad: list[BadRecord] = []
        row, begun = start.row, window.position
        while not window.is_over and row - start.row < CHUNK_RECORDS:
            if row > start.row and window.position - begun >= CHUNK_BYTES_MAX:
                break
            row += 1
            offset, raw, value = window.take()
            if len(raw) > self._record_bytes_max:
                why = f"is longer than {self._record_bytes_max} bytes (read.maxRecordBytes)"
                bad.append(BadRecord(row, offset, why, raw[:SHOWN_BYTES_MAX]))
                continue
            rows.append(row)
            offsets.append(offset)
            raws.append(raw)
            listed.append(value)
        end = Mark(start.number + 1, window.position, row)
        return Chunk(start, end, rows, offsets, bad, raws, listed=listed)


class _Window:
    """The text from `position` on, as far as it was read; at most one item and two blocks.

    An item can be told from a broken one only when it is here as a whole, so one that is more
    than twice as long as any record may be ends the file.
    """

    def __init__(self, plain: Plain, position: int, record_bytes_max: int) -> None:
        self.position = max(position, plain.begins_at)
        self.is_over = False
        self._path = plain.path
        self._blocks = plain.blocks(self.position)
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._scanner = json.JSONDecoder(parse_constant=_refuse, parse_int=_whole)
        self._item_max = 2 * record_bytes_max
        self._text = ""
        self._at = 0  # in `_text`
        self.is_array = True
        self._has_all = False

    def begin(self, is_first: bool) -> bool:
        """Go to the first item; False where there is none."""
        if is_first:
            self.is_array = self._next() == "["
            if self.is_array:
                self._advance(self._at + 1)
        follows = self._next()
        self.is_over = follows == "]" if self.is_array else not (is_first and follows)
        return not self.is_over

    def is_of_array(self) -> bool:
        return self._next() == "["

    def take(self) -> tuple[int, bytes, Value]:
        """The item here: where it is, its bytes, its value. Goes on to the next one."""
        self._next()
        offset = self.position
        while True:
            try:
                value, end = self._scanner.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                if len(self._text) - self._at > self._item_max or not self._read():
                    raise self._broken("here is no JSON value") from error
                continue
            if end - self._at > self._item_max:
                raise self._broken(f"here is a value of more than {self._item_max} characters")
            # A number may go on in the next block.
            if end < len(self._text) or not self._read():
                break
        raw = self._text[self._at : end].encode()
        self._advance(end)
        self._pass()
        return offset, raw, value

    def _pass(self) -> None:
        """Over what stands between two items."""
        follows = self._next()
        if not self.is_array:
            self.is_over = True
            if follows:
                raise self._broken("something follows the only value")
        elif follows == ",":
            self._advance(self._at + 1)
            self._next()
        elif follows == "]":
            self.is_over = True
        else:
            raise self._broken("neither a comma nor the end of the array follows")

    def _next(self) -> str:
        """The next character that is no white space; "" at the end of the file."""
        while True:
            rest = self._at
            while rest < len(self._text) and self._text[rest] in _SPACE:
                rest += 1
            self._advance(rest)
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._read():
                return ""

    def _advance(self, at: int) -> None:
        self.position += len(self._text[self._at : at].encode())
        self._at = at

    def _read(self) -> bool:
        """One more block; False where there is none."""
        if self._has_all:
            return False
        block = next(self._blocks, None)
        self._has_all = block is None
        try:
            more = self._decoder.decode(block or b"", final=block is None)
        except UnicodeDecodeError as error:
            raise self._broken("holds bytes that are not in the file's encoding") from error
        self._text = self._text[self._at :] + more
        self._at = 0
        return not self._has_all

    def _broken(self, why: str) -> Exception:
        return broken_file(f"{why} (byte {self.position})", self._path)


def _whole(digits: str) -> int | float:
    """As other parsers have it: beyond 64 bits it is a double."""
    return int(digits) if len(digits) < _DIGITS_MAX else float(digits)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
