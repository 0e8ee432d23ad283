"""Percentiles, medians, ratios, verdicts and the smoke form's judgement."""

import json
import math
from array import array
from pathlib import Path

from tests.bench.bench import HEADRACE, REFERENCE
from tests.bench.desk_windows import Windows, ratio_of
from tests.bench.figures import Figures, Run, percentile_ms, ratio, summarise
from tests.bench.laws import judge
from tests.bench.report import against_reference, markdown, write_json
from tests.bench.smoke import (
    find_dearer_questions,
    find_falls,
    read_events_a_question,
    read_expected,
)
from tests.bench.workloads import WORKLOADS, find_faults


def _runs(*rates: tuple[float, float]) -> list[Run]:
    """e2e-1 of both brokers, a pair of events per second for each round."""
    return [
        Run("e2e-1", variant, number, {"events_per_second": rate, "cpu_us_per_event": 1e6 / rate})
        for number, pair in enumerate(rates)
        for variant, rate in zip((HEADRACE, REFERENCE), pair, strict=True)
    ]


def _rate(figures: Figures) -> float:
    return figures["events_per_second"]


def test_a_percentile_is_a_value_that_was_measured() -> None:
    durations = array("q", [n * 1_000_000 for n in range(100, 0, -1)])

    assert percentile_ms(durations, 0.5) == 51.0
    assert percentile_ms(durations, 0.99) == 100.0
    assert math.isnan(percentile_ms(array("q"), 0.5))


def test_a_ratio_is_the_median_of_the_rounds_own_ratios() -> None:
    runs = _runs((20.0, 10.0), (9.0, 3.0), (400.0, 100.0))

    found = ratio(runs, "e2e-1", HEADRACE, REFERENCE, _rate)

    assert found == 3.0


def test_counts_add_up_over_rounds_and_rates_take_the_median() -> None:
    figures = [{"lost": 1.0, "events_per_second": rate} for rate in (5.0, 1.0, 3.0)]
    runs = [Run("e2e-1", HEADRACE, n, each) for n, each in enumerate(figures)]

    (row,) = summarise(runs)

    assert row.figures == {"lost": 3.0, "events_per_second": 3.0}


def test_twice_the_reference_holds_as_a_law_and_less_breaks_it() -> None:
    verdicts = [
        next(v for v in judge(runs, summarise(runs)) if v.is_law)
        for runs in (_runs((20.0, 10.0)), _runs((19.0, 10.0)))
    ]

    assert [verdict.holds for verdict in verdicts] == [True, False]


def test_a_drain_that_slows_down_breaks_the_law_of_the_backlog() -> None:
    edges = {f"{verb}_{edge}_per_cpu_second": 100.0 for verb in ("accept", "drain")
             for edge in ("first", "last")}  # fmt: skip
    edges |= {"drain_last_per_cpu_second": 89.0, "rss_growth_mb": 20.0}
    runs = [Run("backlog", HEADRACE, 0, edges)]

    broken = [verdict.claim for verdict in judge(runs, summarise(runs)) if not verdict.holds]

    assert broken == ["drain rate, last quarter to first"]


def test_a_ratio_that_fell_by_more_than_a_third_fails_the_smoke_form() -> None:
    expected = {"e2e-1": 3.0}

    falls = [find_falls(_runs((rate, 10.0)), expected) for rate in (20.5, 19.5)]

    assert [len(found) for found in falls] == [0, 1]
    assert "e2e-1: 1.95 times" in falls[1][0]


def test_a_question_that_costs_twice_as_much_fails_the_smoke_form() -> None:
    runs = [
        Run("desk", "10,000 dead letters", number, {"question_cpu_events": events})
        for number, events in enumerate((150.0, 99.0))
    ]

    told = [find_dearer_questions(runs, recorded) for recorded in (49.0, 50.0)]

    assert [len(found) for found in told] == [1, 0]
    assert "as much CPU as 99 events" in told[0][0]
    assert find_dearer_questions([], read_events_a_question()) == []


def test_publishers_beside_the_desk_are_compared_turn_by_turn() -> None:
    alone, asked = Windows([10.0, 100.0, 10.0]), Windows([15.0, 150.0, 30.0])

    assert ratio_of(asked, alone) == 1.5


def test_the_recorded_ratios_are_of_workloads_that_have_a_reference() -> None:
    expected = read_expected()

    assert expected
    assert all(REFERENCE in WORKLOADS[name].variants for name in expected)


def test_each_broken_promise_of_a_run_is_named() -> None:
    figures = {"accepted": 9.0, "lost": 2.0, "duplicates": 3.0, "refused": 1.0, "unanswered": 0.0}

    assert find_faults("e2e-1", figures) == ["2 lost", "3 duplicates", "1 events refused"]
    assert (
        find_faults("kill9", figures | {"lost": 0.0, "refused": 0.0, "duplicates_max": 3.0}) == []
    )
    assert find_faults("e2e-1", {"accepted": 0.0}) == ["nothing was accepted"]


def test_the_report_gives_ratios_verdicts_and_faults(tmp_path: Path) -> None:
    runs = _runs((30.0, 10.0))
    runs[0].faults.append("1 lost")
    rows = summarise(runs)

    write_json(tmp_path / "result.json", {"cores": 2}, runs, rows, judge(runs, rows))
    table = markdown({"cores": 2}, runs, rows, judge(runs, rows))

    assert against_reference(runs, "e2e-1") == (3.0, 3.0)
    assert "| e2e-1 | headrace | 1 | 3 | 3 | 30 |" in table
    assert "- e2e-1, headrace, round 0: 1 lost" in table
    assert json.loads((tmp_path / "result.json").read_text())["verdicts"][0]["holds"]
