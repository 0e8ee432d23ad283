"""What a new configuration would change of its sources, said before it does."""

from typing import Any

import pytest

from broker.registry import load
from deploy.config.broker_spec import Written
from deploy.config.difference import Change, difference
from deploy.config.known_fields import SECRETS, SOURCE_KINDS
from deploy.config.mistakes import PathInDocument
from deploy.config.source_meanings import OF_ALL, OF_KIND
from deploy.config.validation import SCHEMAS

SASL = {"mechanism": "PLAIN", "user": "alice", "password": "${env:KAFKA_PASSWORD}"}


def written(spec: dict[str, Any], kind: str = "KafkaSource", name: str = "orders") -> Written:
    return Written(kind, f"default/{name}", "a.yaml", {"spec": spec})


def differing(old: Written | None, new: Written | None) -> Change:
    """The one change of a source."""
    before = {} if old is None else {("source", old.name): old}
    after = {} if new is None else {("source", new.name): new}
    (change,) = difference(before, after, {})
    return change


@pytest.mark.parametrize("kind", sorted(SOURCE_KINDS))
def test_a_source_that_comes_or_goes_says_what_becomes_of_its_position(kind: str) -> None:
    one = written({}, kind)

    added, removed = differing(None, one), differing(one, None)

    assert (added.kind, added.change, removed.change) == (kind, "added", "removed")
    assert added.means == (
        "begins: where its position says if one of its name ran before, else by its settings",
    )
    assert removed.means == ("ends at once; its position is kept, and counts if it is added again",)


def test_a_changed_sink_keeps_the_position() -> None:
    old = written({"topics": ["orders"], "sink": {"uri": "https://a.example/?token=canary"}})
    new = written({"topics": ["orders"], "sink": {"ref": {"kind": "Broker", "name": "other"}}})

    change = differing(old, new)

    assert change.means == (
        "ends, and begins again from its position",
        "what comes from now on goes to the new sink; its position goes along",
    )
    assert "canary" not in str(change)


def test_each_field_of_a_kind_has_its_own_meaning() -> None:
    old = written({"topics": ["a"], "initialOffset": "latest", "consumerGroup": "g"})
    new = written({"topics": ["a", "b"], "initialOffset": "earliest", "consumerGroup": "g"})

    change = differing(old, new)

    assert [one.path for one in change.fields] == ["topics", "initialOffset"]
    assert change.means[1:] == (
        "topics that are new begin where initialOffset says, the others go on",
        "counts only for topics that it has not read from yet",
    )


@pytest.mark.parametrize("kind", sorted(OF_KIND))
def test_the_fields_with_a_meaning_are_those_of_the_kind(kind: str) -> None:
    spec = load(SCHEMAS, kind).fields_by_key["spec"].kind

    assert OF_KIND[kind].keys() | OF_ALL.keys() <= spec.fields_by_key.keys()


def test_another_kind_of_the_same_name_is_another_source() -> None:
    change = differing(written({}), written({}, "PingSource"))

    assert [(one.path, one.old, one.new) for one in change.fields] == [
        ("kind", "KafkaSource", "PingSource")
    ]
    assert change.means == ("ends, and one of another kind begins, by its own settings",)


@pytest.mark.parametrize("name", ["user", "password"])
def test_who_signs_in_is_never_repeated(name: str) -> None:
    old = written({"net": {"sasl": SASL}})
    new = written({"net": {"sasl": {**SASL, name: "canary"}}})

    change = differing(old, new)

    assert [(one.path, one.old, one.new) for one in change.fields] == [
        (f"net.sasl.{name}", "(not shown)", "(not shown)")
    ]


@pytest.mark.parametrize("kind", sorted(SECRETS))
def test_no_secret_of_any_kind_is_repeated(kind: str) -> None:
    for path in SECRETS[kind]:
        old, new = nested(path, "canary"), nested(path, "${env:NEW}")

        change = differing(*(Written(kind, "default/a", "a.yaml", value) for value in (old, new)))

        assert "canary" not in str(change)


def nested(path: PathInDocument, value: Any) -> dict[str, Any]:
    """A mapping that has `value` at `path`."""
    first, *rest = path
    return {str(first): nested(tuple(rest), value) if rest else value}


def test_sources_come_after_all_others() -> None:
    trigger = Written("Trigger", "default/a", "a.yaml", {"spec": {}})
    new = {("source", "default/orders"): written({}), ("Trigger", "default/a"): trigger}

    changes = difference({}, new, {})

    assert [change.kind for change in changes] == ["Trigger", "KafkaSource"]
