"""Samples of a running headrace, from which charts are drawn."""

from pathlib import Path

from deploy.console import words
from deploy.console.chart import charts_of
from deploy.console.history import SAMPLES_MAX, TRIGGERS_MAX, History, Sample, sample
from tests.console.scene import FLOWERS, LATER, WAITING, bad_day
from tests.console.test_examples import page
from tests.deploy.asking import Asking
from tests.deploy.living import event

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


async def test_charts_are_drawn_from_what_a_running_headrace_does(tmp_path: Path) -> None:
    history = History()

    async with bad_day(tmp_path) as one:
        for turn in range(3):
            await sample(one.process.running, history, 0.0)
            await one.publish(*(event(f"later-{turn}-{n}", "note.written") for n in range(20)))
            await one.publish(event(f"report-later-{turn}", "report.wanted"))
            await one.rest("default/archive")
        await sample(one.process.running, history, 0.0)
        report = (await one.get("/api/v1/triggers/default/nightly-report")).json

    samples = history.of("default/archive")
    rate, _, _ = charts_of(samples)
    _, backlog, age = charts_of(history.of("default/nightly-report"))
    assert samples[-1].left - samples[0].left == 3 * 20
    assert float(rate.most.replace(words.THIN, "")) > 0
    assert backlog.latest == backlog.most == str(report["backlog"])
    assert not age.is_empty


async def test_failures_of_a_group_are_drawn_in_their_hour(tmp_path: Path) -> None:
    async with bad_day(tmp_path) as one:
        told = (await one.get("/dead-letters", accept="text/html")).body.decode()

    assert f"failures in each of the last 24 hours, at most {FLOWERS}" in told
    assert 1 <= told.count('class="spark"') <= 2, "they may stand on both sides of a full hour"


async def test_charts_stand_on_the_page_of_their_trigger(admin: Asking, tmp_path: Path) -> None:
    history = History()
    async with bad_day(tmp_path) as one:
        for _ in range(3):
            await sample(one.process.running, history, 0.0)
        view = (await one.get("/api/v1/triggers/default/nightly-report")).json

    charts = charts_of(history.of("default/nightly-report"))
    text = await page(admin, "trigger.html", one=view, charts=charts, spec="")

    assert text.count('<path class="line" d="M0.0 ') == 3
    assert f"waiting or parked: now {view['backlog']}, at most {view['backlog']}" in text


def test_of_very_many_triggers_the_first_have_charts_and_memory_stays() -> None:
    history = History()

    for n in range(TRIGGERS_MAX + 5):
        history.add(f"t{n}", Sample(0, 0, 0, 0, 0))

    assert len(history.of(f"t{TRIGGERS_MAX - 1}")) == 1
    assert history.of(f"t{TRIGGERS_MAX}") == []
    assert TRIGGERS_MAX * SAMPLES_MAX * len(Sample._fields) * 4 < MEBIBYTES_MAX << 20
