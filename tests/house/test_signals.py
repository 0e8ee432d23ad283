"""Dashboard, alerts and catalogue speak only of metrics that there are, and of all of them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from broker.telemetry import METRICS, Metric
from deploy.catalogue import page
from deploy.cli import COMMANDS
from deploy.metrics_page import PREFIX
from tests.house.promql import grouped_by, selectors

BY_NAME = {PREFIX + metric.name: metric for metric in METRICS}
HISTOGRAM = ("_bucket", "_sum", "_count")
SCRAPED = {"instance", "job"}  # what Prometheus adds to every series
COUNTING = {"rate", "increase", "irate", "resets"}


def alerts(root: Path) -> list[dict[str, Any]]:
    text = (root / "deploy" / "prometheus" / "alerts.yaml").read_text("utf-8")
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def dashboard(root: Path) -> dict[str, Any]:
    board: dict[str, Any] = json.loads((root / "deploy" / "grafana" / "headrace.json").read_text())
    return board


def expressions(root: Path) -> Iterator[tuple[str, str]]:
    """Where each stands, and what it is."""
    for rule in alerts(root):
        yield rule["alert"], rule["expr"]
    board = dashboard(root)
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]
    for note in board["annotations"]["list"]:
        yield note["name"], note["expr"]


def metric_of(series: str) -> tuple[Metric, set[str]] | None:
    """The metric of a series name and its labels; a histogram has only its three series."""
    metric = BY_NAME.get(series)
    if metric is not None and metric.kind != "histogram":
        return metric, {*metric.labels, *SCRAPED}
    for ending in HISTOGRAM:
        metric = BY_NAME.get(series.removesuffix(ending)) if series.endswith(ending) else None
        if metric is not None and metric.kind == "histogram":
            return metric, {*metric.labels, *SCRAPED, *(("le",) if ending == "_bucket" else ())}
    return None


def test_every_series_in_dashboard_and_alerts_is_one_that_we_export(root: Path) -> None:
    unknown = [
        f"{place}: {one.name}"
        for place, expression in expressions(root)
        for one in selectors(expression)
        if one.name != "up" and metric_of(one.name) is None
    ]

    assert not unknown, f"{unknown}; remedy: a name of broker.telemetry, with the right ending"


def test_every_label_in_dashboard_and_alerts_is_one_of_its_series(root: Path) -> None:
    for place, expression in expressions(root):
        allowed: set[str] = {"instance"}
        for one in selectors(expression):
            found = metric_of(one.name)
            labels = SCRAPED if found is None else found[1]
            assert one.labels <= labels, f"{place}: {one.name} has no {one.labels - labels}"
            allowed |= labels
        assert grouped_by(expression) <= allowed, f"{place}: {grouped_by(expression) - allowed}"


def test_a_counter_is_looked_at_only_by_how_it_grows(root: Path) -> None:
    bare = [
        f"{place}: {one.name} in {one.function}"
        for place, expression in expressions(root)
        for one in selectors(expression)
        if (found := metric_of(one.name)) is not None
        and (found[0].kind != "gauge") != (one.function in COUNTING)
    ]

    assert not bare, f"{bare}; remedy: rate() or increase() for counters, and only for them"


def test_the_dashboard_shows_every_metric(root: Path) -> None:
    shown = {
        found[0].name
        for panel in dashboard(root)["panels"]
        for target in panel.get("targets", ())
        for one in selectors(target["expr"])
        if (found := metric_of(one.name)) is not None
    }

    missing = {metric.name for metric in METRICS} - shown - {"configuration_info"}

    assert not missing, f"{sorted(missing)}; remedy: a panel in deploy/grafana/headrace.json"


def test_every_panel_of_the_dashboard_has_its_place_and_says_what_it_shows(root: Path) -> None:
    panels = dashboard(root)["panels"]

    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (place["x"] + across, place["y"] + down)
            for across in range(place["w"])
            for down in range(place["h"])
        }
        assert not cells & taken, f"{panel['title']} lies over another one"
        assert place["x"] + place["w"] <= 24
        assert panel["type"] == "row" or panel["description"].endswith(".")
        taken |= cells
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_every_alert_says_what_is_wrong_and_what_to_type(root: Path) -> None:
    rules = alerts(root)

    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}, rule["alert"]
        assert rule["labels"].keys() == {"severity"}
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert re.fullmatch(r"\d+[smh]", rule.get("for", "0s")), rule["alert"]
        assert rule["annotations"].keys() == {"summary", "description", "runbook"}


def test_every_command_in_an_alert_exists(root: Path) -> None:
    named = {
        (rule["alert"], word)
        for rule in alerts(root)
        for word in re.findall(r"(?:^|; |and )headrace ([a-z-]+)", rule["annotations"]["runbook"])
    }

    unknown = {(alert, word) for alert, word in named if word not in COMMANDS}

    assert named
    assert not unknown, f"{sorted(unknown)}; remedy: name a command of deploy/cli"


def test_the_labels_that_an_alert_speaks_of_are_those_of_its_series(root: Path) -> None:
    for rule in alerts(root):
        spoken = set(re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values())))
        aggregated = (
            grouped_by(rule["expr"]) if re.match(r"\s*(sum|max|min)\b", rule["expr"]) else None
        )
        for one in selectors(rule["expr"]):
            found = metric_of(one.name)
            labels = SCRAPED if found is None else found[1]
            kept = labels if aggregated is None else labels & aggregated
            assert spoken <= kept, f"{rule['alert']}: {spoken - kept}"


def test_the_catalogue_says_every_metric_and_signal(root: Path) -> None:
    written = (root / "deploy" / "prometheus" / "catalogue.md").read_text("utf-8")

    assert written == page(), (
        "remedy: .venv/bin/python -m deploy.catalogue > deploy/prometheus/catalogue.md"
    )


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_is_named_as_prometheus_advises(metric: Metric) -> None:
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert metric.help.endswith(".")
    # Elsewhere `source` would be the attribute, of which an input can make any number.
    own = {"source"} if metric.name.startswith("source_") else set[str]()
    assert not {"type", "source", "id", "le"} & set(metric.labels) - own
