"""TLS of one sink: its own authority, its own name, renewed files, and none verified."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from broker.clock import SteadyClock
from broker.delivery import Delivered, Failed, Outcome
from broker.errors import Invalid
from sinks.inference.server.sink import ModelServerSink
from sinks.inference_spec import TlsSpec
from tests.sinks.certificates import Authority
from tests.sinks.inference.server.answering import behave, spec_for
from tests.sinks.making import a_delivery, an_event
from tests.sinks.server import SinkServer


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
async def server(authority: Authority) -> AsyncIterator[SinkServer]:
    made = SinkServer(behave)
    await made.start(authority.server_context("models.example"))
    yield made
    await made.close()


async def outcome_of(server: SinkServer, tls: TlsSpec) -> Outcome:
    spec = spec_for("v1", f"https://127.0.0.1:{server.port}", tls=tls)
    sink = ModelServerSink(spec, SteadyClock(), chance=lambda: 0.5)
    (outcome,) = await sink.deliver([a_delivery(an_event(b"[1]"))], time.monotonic() + 60)
    await sink.close()
    return outcome


async def test_a_server_is_known_by_the_authority_and_the_name_of_the_sink(
    server: SinkServer, authority: Authority
) -> None:
    tls = TlsSpec(ca_file=str(authority.ca_file), server_name="models.example")

    assert isinstance(await outcome_of(server, tls), Delivered)


async def test_a_wrong_certificate_pauses_the_trigger_and_holds_the_delivery(
    server: SinkServer, authority: Authority
) -> None:
    outcome = await outcome_of(server, TlsSpec(ca_file=str(authority.ca_file)))

    assert isinstance(outcome, Failed)
    assert (outcome.pause, outcome.is_held, outcome.reason) == (True, True, None)
    assert "certificate" in outcome.message


async def test_verify_false_takes_any_certificate(server: SinkServer) -> None:
    assert isinstance(await outcome_of(server, TlsSpec(is_verified=False)), Delivered)


async def test_a_url_that_is_none_is_refused_when_the_sink_is_made() -> None:
    with pytest.raises(Invalid):
        ModelServerSink(spec_for("v1", "ftp://m"), SteadyClock(), chance=lambda: 0.5)
