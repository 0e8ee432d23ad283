"""Attempts on a line of time: a bar for each call, and the waits between. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.console.words import moment_of, span

WIDTH = 720
BAR_WIDTH_MIN = 4.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One attempt; `says` is all of it in words, for who sees no picture."""

    number: int
    x: float
    width: float
    tone: str
    says: str


@dataclass(frozen=True, slots=True)
class Timeline:
    bars: Sequence[Bar]
    spanned: str


def timeline_of(attempts: Sequence[Mapping[str, Any]]) -> Timeline | None:
    """None where no attempt was ever made."""
    if not attempts:
        return None
    begun = [moment_of(one["started_at"]).timestamp() for one in attempts]
    seconds = [float(one["duration_seconds"] or 0.0) for one in attempts]
    first = min(begun)
    last = max(start + took for start, took in zip(begun, seconds, strict=True))
    scale = (WIDTH - BAR_WIDTH_MIN) / max(0.001, last - first)
    bars = [
        Bar(
            number=one["number"],
            x=(start - first) * scale,
            width=max(BAR_WIDTH_MIN, took * scale),
            tone="well" if one["class"] == "ok" else "dead",
            says=_said(one, took),
        )
        for one, start, took in zip(attempts, begun, seconds, strict=True)
    ]
    return Timeline(bars, span(last - first))


def _said(attempt: Mapping[str, Any], took_seconds: float) -> str:
    status = "" if attempt["status"] is None else f" {attempt['status']}"
    return f"attempt {attempt['number']}: {attempt['class']}{status}, took {span(took_seconds)}"
