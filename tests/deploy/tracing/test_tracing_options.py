"""When traces are on, and where they go."""

import pytest

from broker.errors import Invalid
from deploy.tracing.options import TraceOptions, trace_options

ENDPOINT, TRACES_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"


def test_traces_are_off_unless_asked_for() -> None:
    assert trace_options(None, None, {}) is None
    assert trace_options(None, 0.5, {ENDPOINT: ""}) is None


@pytest.mark.parametrize(
    ("base", "variables", "endpoint"),
    [
        ("http://c:4318", {}, "http://c:4318/v1/traces"),
        ("http://c:4318/", {ENDPOINT: "http://other"}, "http://c:4318/v1/traces"),
        ("http://c:4318/v1/traces", {}, "http://c:4318/v1/traces"),
        (None, {ENDPOINT: "https://c/otlp"}, "https://c/otlp/v1/traces"),
        (None, {TRACES_ENDPOINT: "http://c/t", ENDPOINT: "http://other"}, "http://c/t"),
    ],
)
def test_a_collector_is_named_by_option_or_by_variable(
    base: str | None, variables: dict[str, str], endpoint: str
) -> None:
    assert trace_options(base, None, variables) == TraceOptions(endpoint)


def test_the_ratio_is_the_options_else_the_variables() -> None:
    variables = {"OTEL_TRACES_SAMPLER_ARG": "0.25"}

    assert trace_options("http://c", None, variables) == TraceOptions("http://c/v1/traces", 0.25)
    assert trace_options("http://c", 0.5, variables) == TraceOptions("http://c/v1/traces", 0.5)


@pytest.mark.parametrize("text", ["2", "-0.1", "nan", "half"])
def test_a_ratio_that_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match=r"OTEL_TRACES_SAMPLER_ARG.*a number from 0 to 1"):
        trace_options("http://c", None, {"OTEL_TRACES_SAMPLER_ARG": text})


@pytest.mark.parametrize("base", ["c:4318", "ftp://c", "http://user:secret@c"])
def test_a_collector_that_is_no_url_is_refused_with_its_option(base: str) -> None:
    with pytest.raises(Invalid) as refused:
        trace_options(base, None, {})

    assert refused.value.where == "--otlp"
    assert "secret" not in str(refused.value)
