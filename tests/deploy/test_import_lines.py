"""Lines of an export, and of events, as events."""

from broker.codec import Limits
from deploy.admin.import_lines import MISTAKES_MAX, read_lines

EVENT = '{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{ "n": 1.0 }}'
LIMITS = Limits()


def codes(*lines: str, first_line: int = 1) -> list[tuple[int, str]]:
    found = read_lines(lines, first_line, LIMITS, 16)
    return [(one.line, one.error.code) for one in found.mistakes]


def test_a_line_is_an_event_or_holds_one_with_its_very_bytes() -> None:
    export = f'{{"event":{EVENT},"dead_letter":{{"reason":"age"}}}}'

    found = read_lines([EVENT.replace('"1"', '"2"', 1), "", export], 1, LIMITS, 16)

    assert [event.data for event in found.events] == [b'{ "n": 1.0 }'] * 2
    assert found.refused == 0


def test_an_event_may_have_an_attribute_of_that_name() -> None:
    line = EVENT.replace('"id"', '"event":"x","id"')

    (event,) = read_lines([line], 1, LIMITS, 16).events

    assert event.attributes["event"] == "x"


def test_an_event_that_died_for_two_triggers_is_one_event() -> None:
    lines = [f'{{"event":{EVENT},"dead_letter":{{"trigger":"{name}"}}}}' for name in "ab"]

    assert len(read_lines(lines, 1, LIMITS, 16).events) == 1


def test_the_same_identity_with_other_data_is_a_mistake() -> None:
    assert codes(EVENT, EVENT.replace("1.0 }", "2.0 }")) == [(2, "duplicate-differs")]


def test_each_mistake_says_its_line() -> None:
    own = EVENT.replace('"t"', '"dev.headrace.system.deadletter.opened"')

    assert codes("{", EVENT, "[]", "\ud800", '{"id":"1"}', own, first_line=500) == [
        (500, "invalid-json"),
        (502, "invalid-json"),
        (503, "invalid-json"),
        (504, "missing-attribute"),
        (505, "reserved-type"),
    ]


def test_of_many_mistakes_the_first_are_shown_and_all_counted() -> None:
    found = read_lines(["{"] * (MISTAKES_MAX + 5), 1, LIMITS, 16)

    assert (len(found.mistakes), found.refused) == (MISTAKES_MAX, MISTAKES_MAX + 5)
