"""The bytes of one delivery: prebuilt lines, the stored event, and what changes per attempt."""

from collections.abc import Callable
from typing import Literal

from broker.codec import encode_structured
from broker.delivery import Delivery
from broker.event import Event
from sinks.http_url import Endpoint
from sinks.signing import Signer
from sinks.trace_context import is_tracestate, parse_traceparent

ONE_PIECE_BYTES_MAX = 65_536

TraceparentOf = Callable[[Delivery], str]


class RequestWriter:
    """Writes the requests to one endpoint; head (with its blank line) and body.

    `traceparent_of` gives what names the span of an attempt; without it an event's own
    traceparent is passed on.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        format: Literal["binary", "json"],
        signer: Signer | None = None,
        traceparent_of: TraceparentOf | None = None,
    ) -> None:
        self._traceparent_of = traceparent_of
        self._structured = format == "json"
        self._signer = signer
        content_type = "content-type: application/cloudevents+json\r\n" if self._structured else ""
        self._prefix = (
            f"POST {endpoint.target} HTTP/1.1\r\nhost: {endpoint.authority}\r\n"
            "user-agent: headrace\r\naccept-encoding: identity\r\nprefer: reply\r\n"
            f"{content_type}"
        ).encode("ascii")

    def write(self, delivery: Delivery, unix_seconds: int) -> tuple[bytes, bytes | None]:
        """The request of one attempt; `unix_seconds` is its signature's time.

        (head, body); a small body is with its head already, and then None: one segment for
        small bodies, no copy of large ones.
        """
        event = delivery.event
        lines = [self._prefix] if self._structured else [self._prefix, event.head]
        body = encode_structured(event) if self._structured else event.data
        if self._traceparent_of is not None:
            lines.append(_trace_lines(event, self._traceparent_of(delivery)))
        elif "traceparent" in event.attributes:
            lines.append(_trace_lines(event, event.attributes["traceparent"]))
        if self._signer is not None:
            lines.append(self._signer.header(delivery.id, unix_seconds, body or b""))
        size_bytes = len(body) if body else 0
        last = (
            f"headrace-delivery: {delivery.id}\r\nheadrace-attempt: {delivery.attempt}\r\n"
            f"content-length: {size_bytes}\r\n\r\n"
        ).encode("ascii")
        if body and size_bytes < ONE_PIECE_BYTES_MAX:
            return b"".join((*lines, last, body)), None
        return b"".join((*lines, last)), body


def _trace_lines(event: Event, traceparent: str) -> bytes:
    """A trace as headers of its own; nothing else inbound becomes one.

    The tracestate of an event is of the trace that its traceparent names, and of no other.
    """
    if parse_traceparent(traceparent) is None:
        return b""
    lines = f"traceparent: {traceparent}\r\n"
    own, state = event.attributes.get("traceparent", ""), event.attributes.get("tracestate", "")
    if is_tracestate(state) and parse_traceparent(own) is not None:
        lines += f"tracestate: {state}\r\n"
    return lines.encode("ascii")
