"""Counts as a line of blocks: how they went, in as many columns as there is room for."""

from collections.abc import Sequence

NOTHING = "·"
BLOCKS = "▁▂▃▄▅▆▇█"


def sparkline(counts: Sequence[int], columns: int) -> str:
    """`counts`, the oldest first, summed into `columns` of them; the highest is a full block."""
    each = -(-len(counts) // columns)
    sums = [sum(counts[at : at + each]) for at in range(0, len(counts), each)]
    highest = max(sums, default=0)
    return "".join(_block(number, highest) for number in sums)


def _block(number: int, highest: int) -> str:
    """The lowest block for whatever there is: one among thousands is not nothing."""
    if number <= 0:
        return NOTHING
    return BLOCKS[max(0, -(-number * len(BLOCKS) // highest) - 1)]
