"""The short form's judgement: has a ratio to the reference fallen since it was recorded?"""

import json
from collections.abc import Sequence
from pathlib import Path

from tests.bench.figures import Run
from tests.bench.report import against_reference

EXPECTED = Path(__file__).with_name("expected.json")
FALL_MAX = 1 / 3
DEARER_MAX = 2.0  # a question costs little beside the events, so its share is less certain


def read_expected(path: Path = EXPECTED) -> dict[str, float]:
    """By workload: how many times the reference's events per second of CPU headrace does."""
    expected: dict[str, float] = json.loads(path.read_text())["times_reference_by_cpu"]
    return expected


def find_falls(runs: Sequence[Run], expected: dict[str, float]) -> list[str]:
    """What fell by more than a third, in words.

    CPU time is compared and not the clock's: neighbours on the machine move it less.
    """
    falls: list[str] = []
    for workload, recorded in expected.items():
        _, now = against_reference(runs, workload)
        if now is not None and now < recorded * (1 - FALL_MAX):
            falls.append(
                f"{workload}: {now:.2f} times the reference per second of CPU, recorded are "
                f"{recorded:.2f}; find what made it slower, or record the new ratio in "
                f"{EXPECTED.name}"
            )
    return falls


def read_events_a_question(path: Path = EXPECTED) -> float:
    """As many events cost the CPU time of one question to the desk with few dead letters."""
    return float(json.loads(path.read_text())["desk_events_a_question"])


def find_dearer_questions(runs: Sequence[Run], recorded: float) -> list[str]:
    """Whether a question costs twice as much, in words."""
    found = [run.figures["question_cpu_events"] for run in runs if run.workload == "desk"]
    now = min(found, default=0.0)
    if now <= recorded * DEARER_MAX:
        return []
    return [
        f"desk: a question costs as much CPU as {now:.0f} events, recorded are {recorded:.0f}; "
        f"find what made it dearer, or record the new number in {EXPECTED.name}"
    ]
