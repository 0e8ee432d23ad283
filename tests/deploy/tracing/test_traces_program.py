"""`headrace up` with traces, as a process: by option, by variable, and refused in one line."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.deploy.test_up import Started
from tests.deploy.tracing.receiver import Receiver

HEADERS = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t"}
Begin = Callable[..., Started]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    started: list[Started] = []

    def run(*words: str, **variables: str) -> Started:
        started.append(Started(tmp_path, *words, **variables))
        return started[-1]

    yield run
    for one in started:
        one.process.kill()
        one.process.wait()
    for reserve in tmp_path.glob("data/*/*.reserve"):
        reserve.unlink()


def publish(headrace: Started) -> None:
    headrace.until(r"ingress +http://\S+")
    url = next(line.split()[1] for line in headrace.text().splitlines() if "ingress " in line)
    with urlopen(Request(f"{url}/default/default", b"", HEADERS), timeout=60) as answer:
        assert answer.status == 202


@pytest.mark.parametrize("by", ["option", "variable"])
def test_what_is_published_is_traced_until_the_end(
    begin: Begin, receiver: Receiver, by: str
) -> None:
    base = receiver.url.removesuffix("/v1/traces")
    headrace = begin("--otlp", base) if by == "option" else begin(OTEL_EXPORTER_OTLP_ENDPOINT=base)
    publish(headrace)

    headrace.process.send_signal(signal.SIGTERM)

    assert headrace.end() == 0, headrace.text()
    assert [span.name for span in receiver.spans] == ["publish default/default"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--otlp", "localhost"), "--otlp: "),
        (("--otlp", "grpc://localhost:4317"), "OTLP over HTTP, such as http://127.0.0.1:4318"),
    ],
)
def test_a_collector_that_cannot_be_is_refused_in_one_line(
    begin: Begin, words: tuple[str, ...], complaint: str
) -> None:
    headrace = begin(*words)

    assert complaint in headrace.complaint()
