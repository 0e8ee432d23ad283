"""Fixtures for configurations and commands: YAML, a small real HTTP server, a way to run one."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from broker.errors import InvalidConfig
from deploy.cli import main
from deploy.config.broker_spec import Configuration
from deploy.config.read import read_configuration


@dataclass
class Answer:
    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Asked:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Peer:
    """What the server is to answer, by path; a list is answered one after the other."""

    url: str
    answers: dict[str, Answer | list[Answer]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def script(
        self, path: str, status: int, body: Any = None, headers: dict[str, str] | None = None
    ) -> None:
        self.answers[path] = self.answer_of(status, body, headers)

    def answer_of(
        self, status: int, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        return Answer(status, body, headers or {})

    def answer(self, path: str) -> Answer:
        found = self.answers.get(path)
        if isinstance(found, list):
            return found.pop(0) if len(found) > 1 else found[0]
        return found or Answer(404, {"detail": f"nothing at {path}", "remedy": "ask for a list"})


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    peer: Peer

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.peer.asked.append(Asked(self.command, self.path, headers, body))
        answer = self.peer.answer(self.path.partition("?")[0])
        content = b"" if answer.body is None else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing: the test reads what was asked from the peer."""


@pytest.fixture
def peer() -> Iterator[Peer]:
    handler = type("PeerHandler", (Handler,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        found = Peer(f"http://127.0.0.1:{server.server_port}")
        handler.peer = found  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        server.shutdown()
        thread.join()


@dataclass
class Ran:
    exit_code: int
    out: str
    err: str


@pytest.fixture
def headrace(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs one command line in this process: `headrace("check", path)`."""

    def run(*words: object) -> Ran:
        code = 0
        try:
            main([str(word) for word in words])
        except SystemExit as end:
            code = int(end.code or 0)
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run


class Yaml:
    """Writes documents; `fields` are the lines of a spec."""

    broker = "apiVersion: eventing.knative.dev/v1\nkind: Broker\nmetadata: {name: default}\n"

    def trigger(self, fields: str, name: str = "t") -> str:
        head = f"apiVersion: eventing.knative.dev/v1\nkind: Trigger\nmetadata: {{name: {name}}}\n"
        indented = "\n".join(f"  {line}" for line in fields.splitlines())
        return f"---\n{head}spec:\n{indented}\n"

    def sink(self, kind: str, fields: str, name: str = "s") -> str:
        head = f"apiVersion: headrace.dev/v1\nkind: {kind}\nmetadata: {{name: {name}}}\n"
        return f"---\n{head}spec: {{{fields}}}\n"

    def iris(self, more: str = "") -> str:
        fields = "protocol: onnx, url: 'file:iris.onnx'" + (f", {more}" if more else "")
        return self.sink("InferenceSink", fields, "iris")


@pytest.fixture
def yaml() -> Yaml:
    return Yaml()


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Configuration]:
    """`read(text, resolve=True, NAME="value of an environment variable")`."""

    def read_text(text: str, resolve: bool = True, **environment: str) -> Configuration:
        file = tmp_path / "a.yaml"
        file.write_text(text)
        return read_configuration([file], environment, resolve)

    return read_text


@pytest.fixture
def mistakes(read: Callable[..., Configuration], tmp_path: Path) -> Callable[..., list[str]]:
    """All mistakes of a text that is known to have some, without the folder of the file."""

    def mistakes_in(text: str, **environment: str) -> list[str]:
        with pytest.raises(InvalidConfig) as invalid:
            read(text, **environment)
        return [line.replace(f"{tmp_path}/", "") for line in invalid.value.mistakes]

    return mistakes_in
