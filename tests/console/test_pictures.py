"""Pictures: the flow, the charts and the line of attempts, as numbers before they are drawn."""

from typing import Any

from deploy.console.chart import BOTTOM, POINTS_MAX, TOP, WIDTH, charts_of
from deploy.console.flow import COLUMN_NODES_MAX, LABEL_CHARACTERS_MAX, flow_of, shortened
from deploy.console.history import History, Sample
from deploy.console.timeline import WIDTH as LINE_WIDTH
from deploy.console.timeline import timeline_of

BROKER = {"name": "default/default", "state": "ready", "events": 9}


def trigger(name: str, **more: Any) -> dict[str, Any]:
    well = {"backlog": 0, "parked": 0, "waiting": 0, "dead": 0, "matched": 9, "state": "following"}
    placed = {"broker": "default/default", "sink": f"http://{name}", "sink_state": "ready"}
    return {"name": f"default/{name}", **well, **placed, **more}


def sink(name: str, state: str = "ready") -> dict[str, Any]:
    return {"name": f"http://{name}", "state": state, "in_flight": 0}


def test_the_flow_shows_where_events_are_stuck() -> None:
    triggers = [trigger("a"), trigger("b", backlog=4, state="paused"),
                trigger("c", parked=1, sink_state="open"), trigger("d", dead=2)]  # fmt: skip

    flow = flow_of([], [BROKER], triggers, [sink(name) for name in "abcd"])

    tones = {node.label: node.tone for node in flow.nodes if node.name.startswith("default/")}
    assert tones == {"default": "well", "a": "well", "b": "stuck", "c": "stuck", "d": "dead"}
    assert [edge.tone for edge in flow.edges].count("stuck") == 4


def test_of_many_triggers_the_worst_are_drawn_and_the_others_counted() -> None:
    triggers = [trigger(f"t{n:03}") for n in range(100)]
    triggers[77] = trigger("t077", backlog=1, state="paused")

    flow = flow_of([], [BROKER], triggers, [sink(f"t{n:03}") for n in range(100)])

    names = {node.name for node in flow.nodes}
    assert "default/t077" in names
    assert len(names) == 1 + 2 * COLUMN_NODES_MAX
    assert flow.left_out == 100 - COLUMN_NODES_MAX


def test_without_sources_the_picture_begins_with_brokers() -> None:
    flow = flow_of([], [BROKER], [trigger("a")], [sink("a")])

    assert flow.heads[0] == ("brokers", 0)
    assert min(node.x for node in flow.nodes) == 0


def test_a_long_name_fits_into_its_box() -> None:
    names = [shortened("default/" + "x" * 300), shortened("https://orders.example/in")]

    assert all(len(name) <= LABEL_CHARACTERS_MAX for name in names)
    assert names[1] == "orders.example/in"


def test_a_chart_keeps_the_highest_peak_of_an_hour() -> None:
    samples = [Sample(n * 5.0, n * 10.0, n * 10.0, 1.0, 0.0) for n in range(720)]
    samples[301] = samples[301]._replace(backlog=500.0)

    rate, backlog, age = charts_of(samples)

    assert (rate.latest, backlog.most, age.latest) == ("2", "500", "0 ms")
    places = [tuple(map(float, one.split())) for one in backlog.line[1:].split(" L")]
    assert len(places) <= POINTS_MAX
    assert all(0 <= x <= WIDTH and TOP <= y <= BOTTOM for x, y in places)
    assert min(y for _, y in places) == TOP


def test_without_two_samples_there_is_no_chart() -> None:
    assert all(chart.is_empty for chart in charts_of([Sample(0, 0, 0, 0, 0)]))


def test_a_ring_keeps_the_latest_and_forgets_triggers_that_are_gone() -> None:
    history = History(samples_max=3)

    for n in range(5):
        history.add("a", Sample(float(n), 0, 0, 0, 0))
    history.add("b", Sample(0, 0, 0, 0, 0))
    history.keep(["a"])

    assert [sample.at_seconds for sample in history.of("a")] == [2, 3, 4]
    assert history.of("b") == []


def test_attempts_stand_on_the_line_where_they_were_made() -> None:
    attempts = [
        {"number": n, "started_at": f"2026-03-01T09:3{n}:00Z", "duration_seconds": 6.0,
         "class": "transient", "status": 503}
        for n in (1, 2, 4)
    ]  # fmt: skip

    line = timeline_of(attempts)

    assert line is not None
    assert [round(bar.x / LINE_WIDTH, 2) for bar in line.bars] == [0.0, 0.32, 0.96]
    assert line.bars[0].says == "attempt 1: transient 503, took 6.0 s"
    assert timeline_of([]) is None
