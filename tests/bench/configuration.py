"""The configuration that a broker under test gets: so many triggers, of which some match."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

EVENT_TYPE = "com.example.bench.item"
BROKER_PATH = "/default/default"


@dataclass(frozen=True, slots=True)
class PlannedTrigger:
    """One trigger: `selects` is the event type it wants, by a filter of dialect `dialect`."""

    name: str
    uri: str
    selects: str = EVENT_TYPE
    dialect: str = "exact"
    delivery: Mapping[str, object] = field(default_factory=dict)


def plan_triggers(
    count: int,
    matching: int,
    uri: str,
    dialect: str = "exact",
    delivery: Mapping[str, object] | None = None,
    event_type: str = EVENT_TYPE,
) -> list[PlannedTrigger]:
    """`count` triggers, the first `matching` of which want `event_type`, the others another each.

    `{i}` in `uri` becomes the trigger's number.
    """
    return [
        PlannedTrigger(
            f"bench-{number}",
            uri.replace("{i}", str(number)),
            event_type if number < matching else f"com.example.other-{number}.item",
            dialect,
            delivery or {},
        )
        for number in range(count)
    ]


def write_configuration(path: Path, triggers: Iterable[PlannedTrigger]) -> None:
    """A broker `default/default` and its triggers, as headrace reads them.

    Each document is JSON, which is YAML too and needs no quoting of its own.
    """
    documents = [_resource("Broker", "default", {})]
    documents += [_resource("Trigger", trigger.name, _spec(trigger)) for trigger in triggers]
    path.write_text("".join(f"---\n{json.dumps(document)}\n" for document in documents))


def append_resources(
    path: Path, resources: Iterable[tuple[str, str, Mapping[str, object]]]
) -> None:
    """More resources for a configuration that is written: the kind, name and spec of each."""
    documents = [_resource(*each) for each in resources]
    with path.open("a") as file:
        file.writelines(f"---\n{json.dumps(document)}\n" for document in documents)


def _resource(kind: str, name: str, spec: Mapping[str, object]) -> dict[str, object]:
    metadata = {"name": name, "namespace": "default"}
    is_knative = kind in {"Broker", "Trigger"}
    return {
        "apiVersion": "eventing.knative.dev/v1" if is_knative else "headrace.dev/v1",
        "kind": kind,
        "metadata": metadata,
        "spec": spec,
    }


def _spec(trigger: PlannedTrigger) -> dict[str, object]:
    return {
        "broker": "default",
        **filter_fields(trigger.dialect, trigger.selects),
        "subscriber": {"uri": trigger.uri},
        "delivery": dict(trigger.delivery),
    }


def filter_fields(dialect: str, event_type: str) -> dict[str, object]:
    """The part of a trigger's spec that selects one event type."""
    if dialect == "attributes":
        return {"filter": {"attributes": {"type": event_type}}}
    if dialect == "cesql":
        return {"filters": [{"cesql": f"type = '{event_type}'"}]}
    if dialect in {"exact", "prefix", "suffix"}:
        return {"filters": [{dialect: {"type": event_type}}]}
    raise ValueError(f"no filter dialect {dialect!r}; use attributes, exact, prefix, suffix, cesql")
