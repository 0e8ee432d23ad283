"""What a new configuration would change, said before it does."""

from collections.abc import Callable
from typing import Any

from deploy.config.broker_spec import Configuration
from deploy.config.difference import Change, difference
from deploy.config.meanings import Unsettled

Reader = Callable[..., Configuration]
SINK = "subscriber: {uri: 'http://a/'}"


def differing(read: Reader, old: str, new: str, **unsettled: Unsettled) -> tuple[Change, ...]:
    """What differs between two texts; `unsettled` is by the trigger's own name."""
    before, after = read(old, resolve=False).written, read(new, resolve=False).written
    return difference(before, after, {f"default/{name}": one for name, one in unsettled.items()})


def test_the_same_text_in_another_order_differs_in_nothing(read: Reader, yaml: Any) -> None:
    one, two = yaml.trigger(SINK, "a"), yaml.trigger(f"broker: default\n{SINK}", "b")

    changes = differing(read, yaml.broker + one + two, yaml.broker + two + one)

    assert changes == ()


def test_a_changed_filter_leaves_the_backlog_to_the_old_one(read: Reader, yaml: Any) -> None:
    old = yaml.trigger(SINK)
    new = yaml.trigger(f"{SINK}\nfilters: [{{exact: {{type: order}}}}]")

    (change,) = differing(read, yaml.broker + old, yaml.broker + new, t=Unsettled(backlog=312))

    assert (change.kind, change.name, change.change) == ("Trigger", "default/t", "changed")
    assert [(one.path, one.old, one.new) for one in change.fields] == [
        ("filters", None, "[{exact: {type: order}}]")
    ]
    assert change.means == (
        "filter changes from the next event on; 312 in the backlog keep the old filter",
    )


def test_a_changed_subscriber_counts_for_the_backlog_and_for_what_is_parked(
    read: Reader, yaml: Any
) -> None:
    old, new = yaml.trigger(SINK), yaml.trigger("subscriber: {uri: 'http://b/?token=x'}")

    (change,) = differing(
        read, yaml.broker + old, yaml.broker + new, t=Unsettled(backlog=312, parked=40)
    )

    assert change.means == ("subscriber changes at once for 312 in the backlog and 40 parked",)
    assert [(one.path, one.old, one.new) for one in change.fields] == [
        ("subscriber.uri", "(not shown)", "(not shown)")
    ]


def test_a_removed_trigger_says_what_it_finishes_first(read: Reader, yaml: Any) -> None:
    old = yaml.broker + yaml.trigger(SINK) + yaml.trigger(SINK, "idle")

    idle, busy = differing(read, old, yaml.broker, t=Unsettled(1200, 3, 1))

    assert idle.means == (
        "takes no new events and goes at once: it has nothing left to do",
        "its dead letters stay, and can be redriven only while it is configured",
    )
    assert busy.means[0].startswith("takes no new events, finishes 1,204 events, then goes")


def test_a_trigger_that_comes_back_while_it_is_removed_goes_on(read: Reader, yaml: Any) -> None:
    new = yaml.broker + yaml.trigger(SINK)

    (change,) = differing(read, yaml.broker, new, t=Unsettled(7, is_removing=True))

    assert (change.change, change.means) == (
        "added",
        ("was being removed: goes on where it stands",),
    )


def test_references_compare_as_they_are_written(read: Reader, yaml: Any) -> None:
    old = yaml.broker + yaml.trigger("subscriber: {uri: '${env:A}'}")
    new = yaml.broker + yaml.trigger("subscriber: {uri: '${env:B}'}")

    assert differing(read, old, old) == ()
    (change,) = differing(read, old, new)
    assert change.fields[0].path == "subscriber.uri"


def test_a_changed_sink_says_for_whom(read: Reader, yaml: Any) -> None:
    trigger = yaml.trigger("subscriber: {ref: {kind: FileSink, name: s}}")
    old = yaml.broker + yaml.sink("FileSink", "path: a.ndjson") + trigger
    new = yaml.broker + yaml.sink("FileSink", "path: b.ndjson") + trigger

    (change,) = differing(read, old, new, t=Unsettled(backlog=5))

    assert (change.kind, change.fields[0].path) == ("FileSink", "path")
    assert change.means == ("changes at once for 1 trigger: 5 in the backlog",)


def test_brokers_come_before_sinks_and_triggers(read: Reader, yaml: Any) -> None:
    other = "---\n" + yaml.broker.replace("{name: default}", "{name: other}")
    new = yaml.broker + yaml.trigger(SINK) + yaml.sink("FileSink", "path: a") + other

    changes = differing(read, yaml.broker, new)

    assert [change.kind for change in changes] == ["Broker", "FileSink", "Trigger"]


def test_every_changed_field_of_a_broker_is_named_and_explained(read: Reader, yaml: Any) -> None:
    new = (
        yaml.broker + "spec: {limits: {maxEventBytes: 2Mi, maxHops: 3}, egress: {deny: [b.com]}}\n"
    )

    (change,) = differing(read, yaml.broker, new)

    assert [one.path for one in change.fields] == [
        "limits.maxEventBytes", "limits.maxHops", "egress.deny"
    ]  # fmt: skip
    assert len(change.means) == 2
