"""Samples of a running headrace, from which charts are drawn."""

from pathlib import Path

from deploy.console.history import SAMPLES_MAX, TRIGGERS_MAX, History, Sample, sample
from tests.console.scene import FLOWERS, LATER, WAITING, bad_day

MEBIBYTES_MAX = 32  # of the rings of all triggers that have one


async def test_each_trigger_is_sampled_as_it_stands(tmp_path: Path) -> None:
    history = History()

    async with bad_day(tmp_path) as one:
        await sample(one.process.running, history, 0.0)

    (report,), (invoices,) = history.of("default/nightly-report"), history.of("default/invoices")
    (flowers,) = history.of("default/classify")
    assert report.backlog >= WAITING
    assert report.age_seconds > 0
    assert invoices.backlog == LATER
    assert (flowers.came, flowers.left, flowers.backlog) == (FLOWERS + 1, 1, 0)


def test_of_very_many_triggers_the_first_have_charts_and_memory_stays() -> None:
    history = History()

    for n in range(TRIGGERS_MAX + 5):
        history.add(f"t{n}", Sample(0, 0, 0, 0, 0))

    assert len(history.of(f"t{TRIGGERS_MAX - 1}")) == 1
    assert history.of(f"t{TRIGGERS_MAX}") == []
    assert TRIGGERS_MAX * SAMPLES_MAX * len(Sample._fields) * 4 < MEBIBYTES_MAX << 20
