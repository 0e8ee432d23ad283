"""The bytes of one delivery: prebuilt lines, the stored event, and what changes per attempt."""

import re
from collections.abc import Mapping
from typing import Literal

from broker.codec import encode_structured
from broker.delivery import Delivery
from sinks.http_url import Endpoint
from sinks.signing import Signer

# W3C Trace Context 3.2: version ff and all-zero ids are invalid, later versions may say more.
_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
)
_TRACESTATE = re.compile(r"[\x20-\x7e]{1,512}")

ONE_PIECE_BYTES_MAX = 65_536


class RequestWriter:
    """Writes the requests to one endpoint; head (with its blank line) and body."""

    def __init__(
        self, endpoint: Endpoint, format: Literal["binary", "json"], signer: Signer | None = None
    ) -> None:
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
        if "traceparent" in event.attributes:
            lines.append(_trace_lines(event.attributes))
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


def _trace_lines(attributes: Mapping[str, str]) -> bytes:
    """The trace of the event as headers of its own; nothing else inbound becomes one."""
    parent, state = attributes["traceparent"], attributes.get("tracestate", "")
    if _TRACEPARENT.fullmatch(parent) is None:
        return b""
    lines = f"traceparent: {parent}\r\n"
    if _TRACESTATE.fullmatch(state) is not None:
        lines += f"tracestate: {state}\r\n"
    return lines.encode("ascii")
