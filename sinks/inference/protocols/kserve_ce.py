"""KServe's own CloudEvents: binary mode on the V1 path, whose answer is an event too.

Source: CloudEvents HTTP protocol binding 1.0.2, 3.1. Structured mode is not sent: servers
read it by its media type literally, and fail without a time.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from sinks.inference.protocol import Headers, ModelAnswer, Part
from sinks.inference.protocols.encoding import JSON, Content, EventView, answer_object
from sinks.inference.protocols.v1 import V1Encoding
from sinks.inference_spec import InferenceSinkSpec

KEYS = ("data", "instances")


class _Named(NamedTuple):
    headers: Headers
    content: Content


class KServeEventEncoding:
    """Never joins events: a call is one event. `now` dates those without a time."""

    def __init__(self, spec: InferenceSinkSpec, now: Callable[[], datetime]) -> None:
        self._v1 = V1Encoding(spec)
        self._takes_raw = spec.output.get("take", "raw") == "raw"
        self._now = now
        self.path = self._v1.path
        self.probe_paths = self._v1.probe_paths
        self.batch_limit = 1

    def content(self, view: EventView) -> Content:
        content = self._v1.content(view)
        lines = view.event.head.decode("ascii").split("\r\n")
        pairs = (line.split(": ", 1) for line in lines if line)
        headers = {name.lower(): value for name, value in pairs}
        headers.pop("content-type", None)
        if "ce-time" not in headers:
            headers["ce-time"] = self._now().isoformat(timespec="milliseconds")[:23] + "Z"
        return Content(_Named(tuple(headers.items()), content), content.records, object())

    def encode(self, contents: Sequence[Content], name: str) -> tuple[Headers, bytes]:
        named: _Named = contents[0].value
        return (*JSON, *named.headers), self._v1.encode([named.content], name)[1]

    def decode(self, contents: Sequence[Content], answer: ModelAnswer) -> Sequence[Part]:
        parts = self._v1.decode([contents[0].value.content], answer)
        return [Part(answer_object(answer), answer.body)] if self._takes_raw else parts
