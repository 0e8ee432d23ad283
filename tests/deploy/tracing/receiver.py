"""A real OTLP receiver on a free port: reads the protobuf that an exporter posts."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Span:
    trace: str
    id: str
    parent: str
    name: str
    is_error: bool
    begin: int
    end: int
    facts: dict[str, str | int]
    service: str


@dataclass
class Receiver:
    """`status` is what it answers; other than 200 it keeps nothing."""

    url: str
    status: int = 200
    posts: int = 0
    targets: set[str] = field(default_factory=set)
    spans: list[Span] = field(default_factory=list)

    def has_posts(self, number: int) -> bool:
        return self.posts >= number

    def named(self, name: str) -> list[Span]:
        return sorted((span for span in self.spans if span.name == name), key=lambda s: s.begin)

    def one(self, name: str) -> Span:
        (found,) = self.named(name)
        return found


def read(body: bytes) -> Iterator[Span]:
    request = ExportTraceServiceRequest.FromString(body)
    for resource in request.resource_spans:
        service = facts(resource.resource.attributes)["service.name"]
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Span(
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    span.name,
                    span.status.code == 2,
                    span.start_time_unix_nano,
                    span.end_time_unix_nano,
                    facts(span.attributes),
                    str(service),
                )


def facts(attributes: Any) -> dict[str, str | int]:
    found: dict[str, str | int] = {}
    for one in attributes:
        is_text = one.value.HasField("string_value")
        found[one.key] = one.value.string_value if is_text else one.value.int_value
    return found


class Handler(BaseHTTPRequestHandler):
    receiver: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.receiver.posts += 1
        self.receiver.targets.add(self.path)
        if self.receiver.status == 200:
            self.receiver.spans.extend(read(body))
        self.send_response(self.receiver.status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing: the test reads what came."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    handler = type("ReceiverHandler", (Handler,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        receiver = Receiver(f"http://127.0.0.1:{server.server_port}/v1/traces")
        handler.receiver = receiver  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
