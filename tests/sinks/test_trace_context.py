"""What is a valid traceparent, by W3C Trace Context level 1."""

import pytest

from sinks.trace_context import TraceContext, is_tracestate, parse_traceparent

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(("flags", "is_sampled"), [("00", False), ("01", True), ("ff", True)])
def test_a_context_is_read_with_its_sampled_flag(flags: str, is_sampled: bool) -> None:
    found = parse_traceparent(f"00-{TRACE}-{SPAN}-{flags}")

    assert found == TraceContext(TRACE, SPAN, is_sampled)


@pytest.mark.parametrize("rest", ["", "-", "-what the future says"])
def test_a_later_version_is_read_as_far_as_this_one_goes(rest: str) -> None:
    assert parse_traceparent(f"cc-{TRACE}-{SPAN}-01{rest}") == TraceContext(TRACE, SPAN, True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-01\r\nx: y",
        f"cc-{TRACE}-{SPAN}-01.more",
        f" 00-{TRACE}-{SPAN}-01",
    ],
)
def test_anything_else_names_no_trace(text: str) -> None:
    assert parse_traceparent(text) is None


def test_a_context_is_written_as_it_is_read() -> None:
    context = TraceContext(TRACE, SPAN, True)

    assert context.traceparent == f"00-{TRACE}-{SPAN}-01"
    assert parse_traceparent(context.traceparent) == context


@pytest.mark.parametrize(("text", "is_one"), [("a=1,b=2", True), ("", False), ("a=1\r\nb", False)])
def test_a_tracestate_must_fit_into_one_header(text: str, is_one: bool) -> None:
    assert is_tracestate(text) is is_one
