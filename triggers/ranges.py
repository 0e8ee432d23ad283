"""Ranges of offsets: pairs (first, last), both inclusive, ascending and disjoint. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

Range = tuple[int, int]


def is_within(ranges: Sequence[Range], offset: int) -> bool:
    """Whether one of `ranges` holds `offset`."""
    index = bisect_right(ranges, offset, key=_first) - 1
    return index >= 0 and offset <= ranges[index][1]


def _first(one: Range) -> int:
    return one[0]


def beyond(ranges: Sequence[Range], end: int) -> tuple[Range, ...]:
    """What `ranges` hold of the offsets after `end`."""
    if not ranges or ranges[0][0] > end:
        return tuple(ranges)
    return tuple((max(first, end + 1), last) for first, last in ranges if last > end)


def joined(offsets: Iterable[int]) -> tuple[Range, ...]:
    """Ranges of `offsets`, which come in any order."""
    ranges: list[Range] = []
    for offset in sorted(offsets):
        if ranges and offset <= ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], offset)
        else:
            ranges.append((offset, offset))
    return tuple(ranges)


def between(offsets: Iterable[int], end: int) -> tuple[int, tuple[Range, ...]]:
    """The first of ascending `offsets` (at least one), and the gaps from there up to `end`."""
    remaining = iter(offsets)
    before = first = next(remaining)
    gaps: list[Range] = []
    for offset in remaining:
        if offset - before > 1:
            gaps.append((before + 1, offset - 1))
        before = offset
    if end > before:
        gaps.append((before + 1, end))
    return first, tuple(gaps)
