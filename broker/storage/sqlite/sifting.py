"""Which dead letters a sieve keeps: few rows at a time are in memory, whatever is in them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from broker.clock import from_milliseconds
from broker.storage.condition import encode_cursor
from broker.storage.desk import Sifted
from broker.storage.rows import DeadLetter

PAGE_BYTES_MAX = 64 << 20
LETTERS_AT_ONCE = 50

Found = Sequence[tuple[str, int, int, int]]  # id, bytes, died at, whether it may be kept


async def sift(
    found: Found,
    read: Callable[[Sequence[str]], Awaitable[Sequence[DeadLetter]]],
    keeps: Callable[[DeadLetter], bool],
    bounds: tuple[int, int],
) -> Sifted:
    """Of `found`, of which the last says only that there are more: rows and items at most."""
    rows, limit = bounds
    kept: list[DeadLetter] = []
    kept_bytes = looked = 0
    while looked < min(rows, len(found)) and len(kept) < limit and kept_bytes < PAGE_BYTES_MAX:
        taken, looked = _take(found[:rows], looked)
        sizes = {one: size_bytes for one, size_bytes, _, may_be_kept in taken if may_be_kept}
        letters = await read(list(sizes)) if sizes else ()
        some = (await asyncio.to_thread(_kept, letters, keeps))[: limit - len(kept)]
        kept += some
        kept_bytes += sum(sizes[letter.id] for letter in some)
        if len(kept) == limit:
            looked = next(i for i, row in enumerate(found, 1) if row[0] == kept[-1].id)
    return Sifted(tuple(kept), looked, _cursor_behind(found, looked))


def _kept(
    letters: Sequence[DeadLetter], keeps: Callable[[DeadLetter], bool]
) -> Sequence[DeadLetter]:
    return [letter for letter in letters if keeps(letter)]


def _take(found: Found, start: int) -> tuple[Found, int]:
    """The next rows that are read at once, and where they end."""
    count = size_bytes = 0
    end = start
    while end < len(found) and count < LETTERS_AT_ONCE and size_bytes < PAGE_BYTES_MAX:
        if found[end][3]:
            count, size_bytes = count + 1, size_bytes + found[end][1]
        end += 1
    return found[start:end], end


def _cursor_behind(found: Found, looked: int) -> str | None:
    if not 0 < looked < len(found):
        return None
    last, _, dead_ms, _ = found[looked - 1]
    return encode_cursor(from_milliseconds(dead_ms), last)
