"""A model under load: the job and the script write the same, the reference answers all."""

from pathlib import Path

import pytest

from tests.bench.bench import HEADRACE, REFERENCE, Bench
from tests.bench.figures import Run
from tests.bench.file_jobs import count_differing
from tests.bench.laws import judge
from tests.bench.workloads import WORKLOADS, find_faults

ROWS, EVENTS = 3_000, 300


def small_bench(folder: Path) -> Bench:
    return Bench(folder, has_cores=False, file_rows=ROWS, model_events=EVENTS)


@pytest.mark.parametrize("variant", WORKLOADS["file-job"].variants)
async def test_each_row_of_a_file_is_predicted(tmp_path: Path, variant: str) -> None:
    pytest.importorskip("onnxruntime", reason="the bench's model needs it")

    figures = await WORKLOADS["file-job"].run(small_bench(tmp_path), variant)

    assert find_faults("file-job", figures) == []
    assert figures["accepted"] == ROWS
    assert 0 < figures["peak_rss_mb"] < 200


@pytest.mark.parametrize("variant", WORKLOADS["onnx-backlog"].variants)
async def test_each_event_of_a_backlog_has_one_prediction(tmp_path: Path, variant: str) -> None:
    pytest.importorskip("onnxruntime", reason="the bench's model needs it")

    figures = await WORKLOADS["onnx-backlog"].run(small_bench(tmp_path), variant)

    assert find_faults("onnx-backlog", figures) == []
    assert figures["accepted"] == EVENTS


def test_a_row_that_is_missing_or_another_one_is_lost(tmp_path: Path) -> None:
    (tmp_path / "made").write_text("a\nc\n")
    (tmp_path / "expected").write_text("a\nb\nc\n")

    lost = count_differing(tmp_path / "made", tmp_path / "expected")

    assert lost == 2


@pytest.mark.parametrize(("workload", "law"), [("file-job", 0.5), ("onnx-backlog", 2.0)])
def test_a_model_under_load_has_a_law_to_the_reference(workload: str, law: float) -> None:
    runs = [
        Run(workload, variant, 0, {"events_per_second": rate})
        for variant, rate in ((HEADRACE, 10.0 * law), (REFERENCE, 10.0))
    ]

    (verdict,) = judge(runs, [])

    assert (verdict.value, verdict.limit, verdict.is_law, verdict.holds) == (law, law, True, True)
