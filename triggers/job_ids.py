"""Ids of plans and jobs: in the order of time, and short enough to be typed. Pure."""

from collections.abc import Callable
from datetime import datetime


def draw_id(now: datetime, chance: float, is_taken: Callable[[str], bool]) -> str:
    """One that is not taken; `chance` is from 0 to below 1."""
    stem = f"{now:%y%m%d-%H%M%S}-{int(chance * 0xFFFF):04x}"
    drawn, number = stem, 1
    while is_taken(drawn):
        number += 1
        drawn = f"{stem}-{number}"
    return drawn
