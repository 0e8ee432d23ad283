from typing import Any

import orjson
import pytest

from broker.codec import Limits
from broker.delivery import Delivered, Delivery, Failed, Outcome, OutcomeClass, Reason
from broker.errors import Invalid
from sinks.inference.overflow import Large
from sinks.inference.protocol import Part
from sinks.inference.replies import Replies
from sinks.inference.reply import reply_id
from sinks.inference_spec import BatchSpec, InferenceSinkSpec, ReplySpec
from tests.sinks.inference.protocol_bench import NOW
from tests.sinks.making import a_delivery, an_event


def replies(variant: str | None = None, *, event_bytes: int = 1_000, **spec: Any) -> Replies:
    given = {"protocol": "v1", "url": "http://h", "model": "iris", **spec}
    made = InferenceSinkSpec("default/s", **given)
    return Replies(
        made, lambda _trigger: "default/garden", Limits(event_bytes=event_bytes), variant
    )


def outcome(made: Replies, part: Part, delivery: Delivery | None = None) -> Outcome:
    delivery = delivery or a_delivery()
    found = made.outcome(delivery, made.attributes(delivery), part, NOW, 0.012, 200)
    assert not isinstance(found, Large), "it has nowhere to be stored"
    return found


def reply(made: Replies, part: Part, delivery: Delivery | None = None) -> Any:
    found = outcome(made, part, delivery)
    assert isinstance(found, Delivered), found
    assert found.reply is not None
    return found.reply


def test_a_part_is_wrapped_with_its_facts_and_its_variant() -> None:
    facts = {"inferenceversion": "v7", "inferencefinish": "stop"}

    event = reply(replies("canary"), Part(2, facts=facts))

    said = {name: value for name, value in event.attributes.items() if name.startswith("inf")}
    assert event.data == b"2"
    assert said == {
        "inferencemodel": "iris",
        "inferenceversion": "v7",
        "inferencevariant": "canary",
        "inferencems": "12",
        "inferencefinish": "stop",
    }


def test_raw_bytes_keep_their_type_unless_they_are_merged() -> None:
    part = Part(None, b"a label", content_type="text/plain")

    event = reply(replies(protocol="http-json"), part)

    assert (event.data, event.attributes["datacontenttype"]) == (b"a label", "text/plain")


def test_a_part_is_merged_into_the_event_s_data() -> None:
    made = replies(output={"path": "/label", "mergeUnder": "found"})

    event = reply(made, Part({"label": "rose"}))

    assert orjson.loads(event.data) == {"a": 1, "found": "rose"}
    assert event.attributes["datacontenttype"] == "application/json"


def test_bytes_that_are_no_json_are_left_out_of_what_is_merged() -> None:
    made = replies(output={"mergeUnder": "label"})

    event = reply(made, Part(7), a_delivery(an_event(b"\x89PNG", datacontenttype="image/png")))

    assert orjson.loads(event.data) == {"input": None, "label": 7}


def test_the_path_of_a_joined_list_is_not_taken_twice() -> None:
    made = replies(protocol="http-json", batch=BatchSpec(wrap=""), output={"path": "/found"})

    assert reply(made, Part(7)).data == b"7"


def test_an_answer_that_is_an_event_keeps_all_but_its_id() -> None:
    answered = an_event(b"[0]", id="random", type="io.kserve.inference.response", color="red")
    delivery = a_delivery()

    event = reply(replies(), Part(None, event=answered), delivery)

    assert event.id == reply_id(delivery)
    assert event.attributes["origid"] == "random"
    assert (event.type, event.attributes["color"], event.data) == (answered.type, "red", b"[0]")


@pytest.mark.parametrize(
    ("spec", "part"),
    [
        ({"reply": ReplySpec(mode="none")}, Part(7)),
        ({}, Part(None, is_empty=True)),
    ],
)
def test_there_may_be_no_reply(spec: Any, part: Part) -> None:
    found = outcome(replies(**spec), part)

    assert isinstance(found, Delivered)
    assert (found.reply, found.status) == (None, 200)


@pytest.mark.parametrize(
    ("made", "part", "expected"),
    [
        (replies(reply=ReplySpec(max_bytes=3)), Part("four"), Reason.TOO_LARGE),
        (replies(event_bytes=3), Part("four"), Reason.TOO_LARGE),
        (replies(reply=ReplySpec(max_bytes=3)), Part(None, event=an_event()), Reason.TOO_LARGE),
        (
            replies(reply=ReplySpec(fail_on=("length",))),
            Part("x", facts={"inferencefinish": "length,stop"}),
            Reason.BAD_INPUT,
        ),
    ],
)
def test_a_reply_that_is_not_wanted_is_a_dead_letter(
    made: Replies, part: Part, expected: Reason
) -> None:
    found = outcome(made, part)

    assert isinstance(found, Failed)
    assert (found.outcome_class, found.reason) == (OutcomeClass.BAD_INPUT, expected)


def test_a_part_without_what_output_asks_for_is_suspect() -> None:
    found = outcome(replies(output={"path": "/label"}), Part({"other": 1}))

    assert isinstance(found, Failed)
    assert found.outcome_class is OutcomeClass.SUSPECT


def test_a_finish_that_is_not_refused_is_a_success() -> None:
    made = replies(reply=ReplySpec(fail_on=("content_filter",)))

    assert reply(made, Part("x", facts={"inferencefinish": "length"})).data == b'"x"'


def test_a_template_that_finds_nothing_is_said_before_the_call() -> None:
    with pytest.raises(Invalid):
        replies(reply=ReplySpec(type="x.{{ subject }}")).attributes(a_delivery())


def test_a_model_that_nobody_named_is_called_as_its_sink() -> None:
    event = reply(replies(protocol="http-json", model=None), Part(1))

    assert event.source == "/default/garden/classify/s"
    assert event.attributes["inferencemodel"] == "s"
