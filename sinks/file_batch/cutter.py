"""Bytes into records at line ends, of which quotes may hold some. Pure.

Lines end in LF or CRLF; a line without any character is no record. A quote opens only where a
field begins (RFC 4180, 2.5) and closes at the next one that is not doubled.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import accumulate

from sinks.file_batch.record import SHOWN_BYTES_MAX
from sinks.file_batch.runs import Run


def record_pattern(delimiter: str, quote: str) -> re.Pattern[bytes]:
    """One whole record with its line end as its group; where there is none, all that is left.

    So it is never searched for (a search would try every byte behind a quote that is not closed),
    and as it never goes back, its cost is the length of what it takes.
    """
    d, q = re.escape(delimiter.encode()), re.escape(quote.encode())
    text = b"[^%b\n]*+" % d
    one = b"(?:%b(?:[^%b]++|%b%b)*+%b%b|[^%b%b\n]%b|)" % (q, q, q, q, q, text, q, d, text)
    return re.compile(b"(%b(?:%b%b)*+\n)|(?s:.++)" % (one, d, one))


class Cutter:
    """Made for the bytes from `position` on. `quote` b"": every line is a record."""

    def __init__(
        self, position: int, record_bytes_max: int, delimiter: str = ",", quote: str = ""
    ) -> None:
        self._at = position  # of the first byte of `_rest`
        self._rest = b""
        self._record_bytes_max = record_bytes_max
        self._quote = quote.encode()
        self._record = record_pattern(delimiter, quote) if quote else None
        self._skipped: tuple[int, bytes] | None = (
            None  # a line that is too long: where, how it began
        )

    def cut(self, blocks: Iterable[bytes]) -> Iterator[Run]:
        """The runs of all blocks; the last line needs no line end."""
        for block in blocks:
            yield self._feed(block)
        if self._rest or self._skipped is not None:
            position = self._at + len(self._rest)
            run = self._feed(b"\n", is_last=True)
            if run.ends:
                run.ends[-1] = min(run.ends[-1], position)  # the line end is ours
            yield run

    def _feed(self, block: bytes, is_last: bool = False) -> Run:
        self._rest += block
        run = Run()
        if self._skipped is not None:
            self._skip(run, *self._skipped)
        while self._rest and self._skipped is None:
            run.add(self._whole())
            # One more for a CR whose LF is still to come: a record is judged without its line end,
            # so that the verdict is the same however the blocks were divided.
            if not self._rest or not (is_last or len(self._rest) > self._record_bytes_max + 1):
                break
            self._give_up(run)
        return run

    def _whole(self) -> Run:
        """All complete records of what waits."""
        if self._record is not None and self._quote in self._rest:
            return self._quoted(self._record)
        end = self._rest.rfind(b"\n") + 1
        body = self._rest[:end]
        lines = body.split(b"\n")
        lines.pop()
        starts = list(accumulate(map((1).__add__, map(len, lines)), initial=self._at))
        run = Run(starts[:-1], lines, starts[1:])
        self._drop(end)
        return self._judged(run, b"\r" in body)

    def _quoted(self, record: re.Pattern[bytes]) -> Run:
        """As far as records are complete; one that is too long for a record is taken for open."""
        found: list[bytes] = record.findall(self._rest)
        if not found[-1]:
            found.pop()
        limit = self._record_bytes_max
        if found and max(map(len, found)) > limit:
            long = (at for at, each in enumerate(found) if _is_open(each, limit))
            del found[next(long, len(found)) :]
        starts = list(accumulate(map(len, found), initial=self._at))
        run = Run(starts[:-1], [each[:-1] for each in found], starts[1:])
        has_returns = b"\r" in self._rest
        self._drop(starts[-1] - self._at)
        return self._judged(run, has_returns)

    def _judged(self, run: Run, has_returns: bool) -> Run:
        """Without CR at line ends and without empty lines; what is too long is broken."""
        if has_returns:
            run.raws = [raw[:-1] if raw.endswith(b"\r") else raw for raw in run.raws]
        if b"" in run.raws:
            kept = [index for index, raw in enumerate(run.raws) if raw]
            run.offsets = [run.offsets[index] for index in kept]
            run.ends = [run.ends[index] for index in kept]
            run.raws = [run.raws[index] for index in kept]
        if run.raws and max(map(len, run.raws)) > self._record_bytes_max:
            for index, raw in enumerate(run.raws):
                if len(raw) > self._record_bytes_max:
                    run.raws[index] = raw[:SHOWN_BYTES_MAX].rstrip(b"\r")
                    run.broken[run.offsets[index]] = self._too_long()
        return run

    def _give_up(self, run: Run) -> None:
        """Pass over what is no record: a line that is too long, or one with a quote left open.

        A quote that is not closed ends with its own line: to go on behind it costs one error,
        to believe it would swallow all the lines that follow.
        """
        line_end = self._rest.find(b"\n") + 1
        line = self._rest[:line_end].rstrip(b"\r\n")
        if not line_end or len(line) > self._record_bytes_max:
            self._skip(run, self._at, b"")
            return
        run.broken[self._at] = f"a quote is not closed within {self._record_bytes_max} bytes"
        run.offsets.append(self._at)
        run.raws.append(line[:SHOWN_BYTES_MAX])
        self._drop(line_end)
        run.ends.append(self._at)

    def _skip(self, run: Run, offset: int, text: bytes) -> None:
        """Drop a line that is too long; it is told when its end is found."""
        line_end = self._rest.find(b"\n") + 1
        text += self._rest[: min(line_end or SHOWN_BYTES_MAX, SHOWN_BYTES_MAX)]
        self._drop(line_end or len(self._rest))
        self._skipped = None if line_end else (offset, text[:SHOWN_BYTES_MAX])
        if line_end:
            run.offsets.append(offset)
            run.raws.append(text[:SHOWN_BYTES_MAX].rstrip(b"\r\n"))
            run.ends.append(self._at)
            run.broken[offset] = self._too_long()

    def _drop(self, count: int) -> None:
        self._rest = self._rest[count:]
        self._at += count

    def _too_long(self) -> str:
        return f"is longer than {self._record_bytes_max} bytes (read.maxRecordBytes)"


def _is_open(record: bytes, record_bytes_max: int) -> bool:
    """Whether a whole record would be given up before its end had come."""
    raw = record[:-1].removesuffix(b"\r")
    return len(raw) > record_bytes_max and b"\n" in raw
