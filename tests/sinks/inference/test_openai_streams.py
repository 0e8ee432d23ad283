"""Texts that come in pieces: streams of events, joined to the answer that a whole one would be."""

from typing import Any

import orjson
import pytest

from broker.delivery import OutcomeClass, Reason
from sinks.inference.protocol import ModelAnswer, Refusal
from sinks.inference_spec import LimitSpec
from tests.sinks.inference.protocol_bench import body, items, parts, protocol, refused


def stream(*pieces: Any, done: bool = True) -> bytes:
    lines = [b"data: " + orjson.dumps(piece) for piece in pieces]
    return b"\n\n".join([b": keep-alive", *lines, *([b"data: [DONE]"] if done else []), b""])


def delta(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def test_the_pieces_of_a_stream_are_joined() -> None:
    made = protocol("openai", input={"prompt": "a", "parameters": {"stream": True}})
    usage = {"choices": [], "usage": {"total_tokens": 9}}

    (part,) = parts(
        made,
        [{}],
        stream(delta(role="assistant", content="mo"), delta(content="ck"), delta("stop"), usage),
    )

    assert body(made, {})["stream"] is True
    assert (part.value, part.tokens) == ("mock", 9)
    assert part.facts == {"inferencefinish": "stop"}


def test_the_arguments_of_a_tool_come_in_pieces() -> None:
    def call(arguments: str, **more: Any) -> dict[str, Any]:
        return {"index": 0, **more, "function": {"arguments": arguments}}

    made = protocol("openai", input={"prompt": "a"}, output={"take": "message"})
    pieces = [delta(tool_calls=[call('{"a"', id="t")]), delta("stop", tool_calls=[call(":1}")])]

    (part,) = parts(made, [{}], stream(*pieces))

    assert part.value["tool_calls"][0]["function"]["arguments"] == '{"a":1}'
    assert part.value["tool_calls"][0]["id"] == "t"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (stream(delta(content="x"), done=False), "without data: [DONE]"),
        (stream({"error": {"message": "boom"}}), "holds an error"),
        (b"data: not JSON\n\n", "no JSON"),
    ],
)
def test_a_stream_that_is_no_answer_says_what_is_wrong(answer: bytes, why: str) -> None:
    assert why in refused(protocol("openai", input={"prompt": "a"}), [{}], answer)


def test_lines_end_at_line_feeds_alone() -> None:
    made = protocol("openai", input={"prompt": "a"})
    text = "one\u2028two\x85three"

    (part,) = parts(made, [{}], stream(delta("stop", content=text)).replace(b"\n", b"\r\n"))

    assert part.value == text


@pytest.mark.parametrize("beginning", [b"event: chunk\n", b"id: 1\n", b"retry: 10\n", b": hi\n"])
def test_a_stream_may_begin_with_any_of_its_fields(beginning: bytes) -> None:
    made = protocol("openai", input={"prompt": "a"})

    (part,) = parts(made, [{}], beginning + stream(delta("stop", content="x")))

    assert part.value == "x"


@pytest.mark.parametrize(
    "broken",
    [stream(delta(content="x"), done=False), stream(delta(content="x"))[:-40]],
    ids=["without its end", "within a piece"],
)
@pytest.mark.parametrize("is_resent", [True, False])
def test_a_stream_that_breaks_off_is_as_a_connection_that_does(
    broken: bytes, is_resent: bool
) -> None:
    made = protocol("openai", input={"prompt": "a"}, is_resent=is_resent)

    found = made.parts(items(made, {}), ModelAnswer(200, body=broken))

    assert isinstance(found, Refusal)
    assert found.outcome_class is OutcomeClass.TRANSIENT
    assert found.failed.reason is (None if is_resent else Reason.ATTEMPTS)


def test_a_stream_is_asked_what_it_costs_where_tokens_are_counted() -> None:
    asked = {"prompt": "a", "parameters": {"stream": True}}
    limits = LimitSpec(tokens_per_minute=60)

    counted = body(protocol("openai", input=asked, limits=limits), {})
    uncounted = body(protocol("openai", input=asked), {})
    whole = body(protocol("openai", input={"prompt": "a"}, limits=limits), {})

    assert counted["stream_options"] == {"include_usage": True}
    assert "stream_options" not in uncounted
    assert "stream_options" not in whole
