"""The statements, a file each, and writing many rows by one step.

apsw lets go of the interpreter's lock around each step of a statement, and a busy event
loop gives it back only at its next switch (up to 5 ms). A row per step would therefore
cost milliseconds under load: rows are written by statements of many rows, and pages are
read as one packed row.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import apsw

ROW = re.compile(r"\(\?(?:, \?)*\)")
ROWS_MAX = 512
LEAVES_OUT_BLANKS = "WHERE column1 IS NOT NULL"
# apsw caches statements up to this many bytes; longer ones would be prepared each time.
CACHED_BYTES_MAX = 16_000

Values = Sequence[Any]


class Bulk:
    """A statement file with one row of parameters, written for 1, 2, 4 … rows as needed."""

    def __init__(self, text: str) -> None:
        match = ROW.search(text)
        assert match is not None, "a bulk statement holds one row of parameters"
        self._before, self._row, self._after = (
            text[: match.start()],
            match.group(),
            text[match.end() :],
        )
        self._texts: dict[int, str] = {}
        self._pads = LEAVES_OUT_BLANKS in text
        self._blanks = (None,) * self._row.count("?")
        rest = CACHED_BYTES_MAX - len(text)
        widest = max(1, rest // (len(self._row) + 2))
        self._rows_max = min(ROWS_MAX, 1 << (widest.bit_length() - 1))

    def write(self, connection: apsw.Connection, rows: Sequence[Values]) -> None:
        """Run it for all `rows`, in order.

        In one step where the statement leaves out blank rows (the last step is then filled
        up with them), else in as many as the number of rows has binary digits.
        """
        start, left = 0, len(rows)
        while left:
            digits = (left - 1).bit_length() if self._pads else left.bit_length() - 1
            size = min(self._rows_max, 1 << digits)
            taken = min(size, left)
            values = tuple(chain.from_iterable(rows[start : start + taken]))
            if taken < size:
                values += self._blanks * (size - taken)
            connection.execute(self._text(size), values)
            start, left = start + taken, left - taken

    def _text(self, size: int) -> str:
        text = self._texts.get(size)
        if text is None:
            text = self._before + ", ".join([self._row] * size) + self._after
            self._texts[size] = text
        return text


class Statements:
    """All statement files by name; `bulk` holds those that take rows."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self._bulks: dict[str, Bulk] = {}

    def __getitem__(self, name: str) -> str:
        return self._texts[name]

    @property
    def names(self) -> Sequence[str]:
        return sorted(self._texts)

    def write(self, connection: apsw.Connection, name: str, rows: Sequence[Values]) -> None:
        """Run statement `name` for all `rows`."""
        if not rows:
            return
        bulk = self._bulks.get(name)
        if bulk is None:
            bulk = self._bulks[name] = Bulk(self._texts[name])
        bulk.write(connection, rows)


def load_statements() -> Statements:
    """Read the files; once per engine, some 60 small ones."""
    folder = Path(__file__).parent / "statements"
    return Statements(
        {
            entry.name.removesuffix(".sql"): _without_comment(entry.read_text("utf-8"))
            for entry in folder.iterdir()
            if entry.name.endswith(".sql")
        }
    )


def load_migrations() -> tuple[str, ...]:
    """The migration steps in order: step n brings the schema from version n - 1 to n."""
    folder = Path(__file__).parent / "migrations"
    entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    return tuple(entry.read_text("utf-8") for entry in entries if entry.name.endswith(".sql"))


def _without_comment(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("--"))
