"""Raw CSV records to cells, and cells to JSON values. Pure."""

import csv
import re
from collections.abc import Iterator, Sequence
from operator import methodcaller
from typing import Any, NamedTuple

import orjson

from sinks.file_batch.record import Value

_LIBRARY_BYTES_MAX = 131_072  # of a field, to the standard library
_DIGITS_MAX = 18  # of a whole number that neither 64 bits nor a double cut short
_NUMBER = re.compile(r"[ \t\r\n]*-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?[ \t\r\n]*", re.ASCII)
_COMMAS = methodcaller("count", b",")
_FEW = 32  # cells of which some are no numbers: looked at one by one
_EXACT_MAX = 10**_DIGITS_MAX
_STARTS = frozenset("-0123456789 \t\r\n")  # of a number


class Dialect(NamedTuple):
    """`quote` "": there are none."""

    delimiter: str
    quote: str


class Rows(NamedTuple):
    """`cells` of the records that are whole; `bad` says by index why the others are not."""

    cells: list[list[str]]
    bad: dict[int, str]


def parse_rows(raws: Sequence[bytes], dialect: Dialect, width: int | None) -> Rows:
    """The cells of each record, `width` of them (None: any number)."""
    at_once = _at_once(raws, dialect)
    if at_once and set(map(len, at_once)) == {width}:
        return Rows(at_once, {})
    rows, bad = [], {}
    for index, raw in enumerate(raws):
        cells = _cells(raw, dialect)
        if isinstance(cells, str):
            bad[index] = cells
        elif width is not None and len(cells) != width:
            bad[index] = f"has {len(cells)} fields where the first record has {width}"
        else:
            rows.append(cells)
    return Rows(rows, bad)


def _at_once(raws: Sequence[bytes], dialect: Dialect) -> list[list[str]]:
    """The cells of all records, as one by one; none where one of them is bad or very long."""
    joined = b"\n".join(raws)
    try:
        if not dialect.quote or dialect.quote.encode() not in joined:
            if b"\r" in joined:
                return []
            return [line.split(dialect.delimiter) for line in joined.decode().split("\n")]
        rows = list(_reading([raw.decode() for raw in raws], dialect))
    except (UnicodeDecodeError, csv.Error):
        return []
    return rows if len(rows) == len(raws) else []


def _reading(texts: Sequence[str], dialect: Dialect) -> Iterator[list[str]]:
    return csv.reader(texts, delimiter=dialect.delimiter, quotechar=dialect.quote, strict=True)


def number_columns(raws: Sequence[bytes], width: int) -> Sequence[Sequence[Value]] | None:
    """The columns of records between commas that hold nothing but numbers; None of others.

    The same as `parse_rows` and `typed` give, in a fifth of the time: all are parsed as one list.
    """
    if set(map(_COMMAS, raws)) != {width - 1}:
        return None
    joined = b",".join(raws)
    # Text, what is white space to JSON alone, and what would be a list or an object.
    if any(each in joined for each in (b'"', b"\r", b"[", b"{")):
        return None
    try:
        values: list[Any] = orjson.loads(b"[" + joined + b"]")
    except orjson.JSONDecodeError:
        return None
    if not _are_exact_numbers(values, (), frozenset()):
        return None
    return [values[at::width] for at in range(width)]


def typed(cells: Sequence[str], nulls: frozenset[str]) -> list[Value]:
    """A column's values: what is a number in JSON (RFC 8259, 6) is one, all else is text.

    So `007`, `+5`, `.5`, `NaN` and numbers of more than 18 digits stay what is written.
    """
    values = _numbers(cells, nulls)
    if values is not None:
        return values
    # Halves, so that one cell among a thousand does not make all of them be looked at alone.
    if len(cells) > _FEW and cells[0][:1] in _STARTS:
        middle = len(cells) // 2
        return typed(cells[:middle], nulls) + typed(cells[middle:], nulls)
    return [
        None if cell in nulls else cell if cell[:1] not in _STARTS else cell_value(cell)
        for cell in cells
    ]


def _numbers(cells: Sequence[str], nulls: frozenset[str]) -> list[Value] | None:
    """The values of cells that are numbers and nulls; None where anything else is among them."""
    has_nulls = not nulls.isdisjoint(cells)
    texts = ["null" if cell in nulls else cell for cell in cells] if has_nulls else cells
    try:
        values: list[Value] = orjson.loads("[" + ",".join(texts) + "]")
    except orjson.JSONDecodeError:
        return None
    # As many numbers as cells: then no cell held a comma or a bracket, and each is its own.
    if len(values) == len(cells) and _are_exact_numbers(values, cells, nulls):
        return values
    return None


def cell_value(cell: str) -> Value:
    """A number or the text itself."""
    found = _NUMBER.fullmatch(cell)
    if found is None or (found[2] is None and found[3] is None and len(found[1]) > _DIGITS_MAX):
        return cell
    try:
        number: Value = orjson.loads(cell)
    except orjson.JSONDecodeError:  # beyond any double
        return cell
    return number


def is_number(cell: str) -> bool:
    return _NUMBER.fullmatch(cell) is not None


def quoted(text: str, dialect: Dialect) -> str:
    """`text` as a cell. Without quotes a delimiter or a line end in it becomes a space."""
    if not any(each in text for each in (dialect.delimiter, dialect.quote or "\n", "\n", "\r")):
        return text
    if not dialect.quote:
        return re.sub(f"[{re.escape(dialect.delimiter)}\r\n]", " ", text)
    return dialect.quote + text.replace(dialect.quote, dialect.quote * 2) + dialect.quote


def _are_exact_numbers(values: Sequence[Any], cells: Sequence[str], nulls: frozenset[str]) -> bool:
    """Whether all are numbers that were not cut short, and null only what is to be."""
    kinds = set(map(type, values))
    if type(None) in kinds:
        if not nulls or values.count(None) != sum(cell in nulls for cell in cells):
            return False  # one of them is the text null
        values = [value for value in values if value is not None] or [0]
        kinds.discard(type(None))
    return kinds <= {int, float} and max(values) < _EXACT_MAX and min(values) > -_EXACT_MAX


def _cells(raw: bytes, dialect: Dialect) -> list[str] | str:
    """The cells, or why there are none."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return "holds bytes that are not in the file's encoding"
    if not dialect.quote or dialect.quote not in text:
        return "holds a carriage return" if "\r" in text else text.split(dialect.delimiter)
    if len(raw) > _LIBRARY_BYTES_MAX:
        return _large_cells(text, dialect)
    try:
        return next(_reading([text], dialect))
    except csv.Error as error:
        return f"is no CSV record: {error}"


def _large_cells(text: str, dialect: Dialect) -> list[str] | str:
    """What the standard library refuses for its length."""
    cells, at = [], 0
    field = _field(dialect)
    while found := field.match(text, at):
        cell, q = found[1], dialect.quote
        cells.append(cell[1:-1].replace(q * 2, q) if cell.startswith(q) else cell)
        at = found.end()
        if not found[2]:
            return cells
    return f"is no CSV record: {dialect.delimiter!r} expected after {dialect.quote!r}"


def _field(dialect: Dialect) -> re.Pattern[str]:
    d, q = re.escape(dialect.delimiter), re.escape(dialect.quote)
    return re.compile(f"({q}(?:[^{q}]++|{q}{q})*+{q}|[^{q}{d}][^{d}]*+|)({d}|\\Z)")
