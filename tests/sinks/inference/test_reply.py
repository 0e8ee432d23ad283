from datetime import UTC, datetime

import pytest

from broker.codec import Limits
from broker.delivery import Delivery
from broker.errors import Invalid, TooLarge
from sinks.inference.reply import ReplyWriter, reply_id
from sinks.inference_spec import ReplySpec
from sinks.spec import InferenceSinkSpec
from tests.sinks.making import a_delivery, an_event

NOW = datetime(2026, 5, 4, 3, 2, 1, 7000, tzinfo=UTC)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def written(delivery: Delivery, version: str | None = None, **reply: object) -> dict[str, str]:
    asked = ReplySpec(**reply)  # type: ignore[arg-type]
    spec = InferenceSinkSpec("default/iris", "onnx", "file:x", version=version, reply=asked)
    writer = ReplyWriter(spec, "iris", lambda _trigger: "default/garden", Limits())
    attributes = writer.attributes(delivery, {"kind": "rose"})
    return dict(writer.event(attributes, b"{}", NOW, 0.0123).attributes)


def test_a_reply_says_what_caused_it_and_which_model_made_it() -> None:
    found = written(a_delivery(an_event(subject="s", traceparent=TRACE)), version="3")

    assert found == {
        "specversion": "1.0",
        "id": found["id"],
        "source": "/default/garden/classify/iris",
        "type": "io.kserve.inference.response",
        "subject": "s",
        "time": "2026-05-04T03:02:01.007Z",
        "datacontenttype": "application/json",
        "inferencemodel": "iris",
        "inferenceversion": "3",
        "inferencems": "12",
        "causeid": "e-1",
        "causesource": "/test",
        "correlationid": "e-1",
        "traceparent": TRACE,
    }


def test_type_and_source_are_templates() -> None:
    delivery = a_delivery(an_event(subject="a b"))

    found = written(delivery, type="x.{{ data/kind }}", source="/{model}/{{ subject }}")

    assert (found["type"], found["source"]) == ("x.rose", "/iris/a%20b")


def test_a_template_without_its_value_is_the_event_s_fault() -> None:
    with pytest.raises(Invalid):
        written(a_delivery(), type="{{ subject }}")


@pytest.mark.parametrize(
    ("copied", "expected"), [(("color",), {"color"}), (("*",), {"color", "size"})]
)
def test_extensions_are_copied_as_asked_but_never_the_hops(
    copied: tuple[str, ...], expected: set[str]
) -> None:
    event = an_event(color="red", size="1", headracehops="3", causeid="older")

    found = written(a_delivery(event), copy_extensions=copied)

    assert {"color", "size"} & set(found) == expected
    assert "headracehops" not in found
    assert found["causeid"] == "e-1"


def test_a_correlation_goes_on() -> None:
    assert written(a_delivery(an_event(correlationid="c")))["correlationid"] == "c"


def test_the_id_is_the_same_for_each_attempt_and_another_for_a_replay() -> None:
    event = an_event()
    first, again = (a_delivery(event, attempt=number) for number in (1, 2))
    replay = Delivery("other", first.trigger, 1, 1, "replay/7", event)

    assert reply_id(first) == reply_id(again)
    assert reply_id(first) != reply_id(replay)
    assert len(reply_id(first)) == 52


def test_a_reply_over_the_limit_is_too_large() -> None:
    spec = InferenceSinkSpec("default/iris", "onnx", "file:x")
    writer = ReplyWriter(spec, "iris", lambda _trigger: "default/garden", Limits(event_bytes=10))

    with pytest.raises(TooLarge):
        writer.event(writer.attributes(a_delivery(), {}), b"x" * 11, NOW, 0.0)
