"""A chart of a row of numbers: the places of its line and its words. Pure; drawn by a template."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from deploy.console.history import Sample
from deploy.console.words import number, span

WIDTH, HEIGHT = 360, 96
TOP, BOTTOM = 6, 90  # of the line
POINTS_MAX = 120


@dataclass(frozen=True, slots=True)
class Chart:
    """`line` and `area` are paths of SVG; `latest` and `most` say what they show in words."""

    title: str
    line: str
    area: str
    latest: str
    most: str
    since: str

    @property
    def is_empty(self) -> bool:
        return not self.line


def charts_of(samples: Sequence[Sample]) -> list[Chart]:
    """Throughput, backlog and age of one trigger."""
    at = [one.at_seconds for one in samples]
    moved = [
        max(0.0, after.left - before.left) / max(0.001, after.at_seconds - before.at_seconds)
        for before, after in pairwise(samples)
    ]
    return [
        _chart("delivered a second", at[1:], moved, number),
        _chart("waiting or parked", at, [one.backlog for one in samples], number),
        _chart("age of the oldest", at, [one.age_seconds for one in samples], span),
    ]


def _chart(
    title: str, at: Sequence[float], values: Sequence[float], words: Callable[[float], str]
) -> Chart:
    if len(values) < 2:
        return Chart(title, "", "", "", "", "")
    points = _thinned(list(zip(at, values, strict=True)))
    first, last = points[0][0], points[-1][0]
    highest = max(value for _, value in points) or 1.0
    places = [
        (
            (moment - first) / max(0.001, last - first) * WIDTH,
            BOTTOM - value / highest * (BOTTOM - TOP),
        )
        for moment, value in points
    ]
    line = "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    area = f"{line} L{WIDTH} {BOTTOM} L0 {BOTTOM} Z"
    most = max(values)
    return Chart(title, line, area, words(values[-1]), words(most), span(last - first))


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """As many as can be seen: of each stretch the highest, so that no peak is lost."""
    step = -(-len(points) // POINTS_MAX)
    stretches = [points[start : start + step] for start in range(0, len(points), step)]
    return [max(stretch, key=lambda point: point[1]) for stretch in stretches]
