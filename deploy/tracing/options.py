"""Where traces go to, if anywhere, and how many of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from broker.errors import Invalid
from sinks.http_url import parse_url

PATH = "/v1/traces"
DELAY_SECONDS = 1.0
QUEUE_SPANS_MAX = 8_192


@dataclass(frozen=True, slots=True)
class TraceOptions:
    """`endpoint` is the whole URL that takes spans; `ratio` the share of new traces kept.

    A trace that begins with a publisher is kept as its traceparent says, whatever the ratio.
    Spans beyond `queue_spans_max` that wait to be exported are dropped and counted.
    """

    endpoint: str
    ratio: float = 1.0
    delay_seconds: float = DELAY_SECONDS  # how long spans are gathered
    queue_spans_max: int = QUEUE_SPANS_MAX


def trace_options(
    base: str | None, ratio: float | None, variables: Mapping[str, str]
) -> TraceOptions | None:
    """What was asked for by options, else by OpenTelemetry's variables; None: no traces.

    Source: OpenTelemetry Protocol Exporter, endpoint URLs for OTLP/HTTP; the ratio is
    OTEL_TRACES_SAMPLER_ARG of its `parentbased_traceidratio`.
    """
    if base is not None:
        endpoint, where = whole(base), "--otlp"
    elif endpoint := variables.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", ""):
        where = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
    elif base := variables.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        endpoint, where = whole(base), "OTEL_EXPORTER_OTLP_ENDPOINT"
    else:
        return None
    try:
        parse_url(endpoint)
    except Invalid as error:
        remedy = "name a collector for OTLP over HTTP, such as http://127.0.0.1:4318"
        raise Invalid(error.what, code="invalid-url", where=where, remedy=remedy) from error
    return TraceOptions(endpoint, read_ratio(variables) if ratio is None else ratio)


def whole(base: str) -> str:
    """The URL that takes spans, below a collector's own."""
    stripped = base.rstrip("/")
    return stripped if stripped.endswith(PATH) else stripped + PATH


def read_ratio(variables: Mapping[str, str]) -> float:
    """Raises Invalid for anything but a number from 0 to 1."""
    name = "OTEL_TRACES_SAMPLER_ARG"
    text = variables.get(name) or "1"
    try:
        ratio = float(text)
    except ValueError:
        ratio = -1.0
    if not 0.0 <= ratio <= 1.0:
        what = f"{text[:40]!r} is no share of traces"
        raise Invalid(what, code="invalid-ratio", where=name, remedy="give a number from 0 to 1")
    return ratio
