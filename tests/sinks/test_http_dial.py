import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from broker.clock import SteadyClock
from broker.delivery import Delivered, Failed, Outcome
from sinks.http import HttpSink
from sinks.http_client import HttpClient
from sinks.http_dial import is_own_address
from sinks.spec import HttpSinkSpec
from tests.sinks.certificates import Authority
from tests.sinks.making import a_delivery
from tests.sinks.server import ACCEPTED, SinkServer, answering

Deliver = Callable[..., Awaitable[Outcome]]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
async def deliver() -> AsyncIterator[Deliver]:
    """Deliver once over TLS to a server with this context."""
    servers: list[SinkServer] = []

    async def once(context: ssl.SSLContext, ca_file: Path | None) -> Outcome:
        server = SinkServer(answering(ACCEPTED))
        servers.append(server)
        await server.start(context)
        client = HttpClient(SteadyClock(), ca_file=str(ca_file) if ca_file else None)
        url = f"https://127.0.0.1:{server.port}/in"
        sink = HttpSink(HttpSinkSpec(url), client, SteadyClock())
        (outcome,) = await sink.deliver([a_delivery()], time.monotonic() + 60)
        await client.close()
        return outcome

    yield once
    for server in servers:
        await server.close()


async def test_a_server_that_the_authority_vouches_for_gets_the_delivery(
    deliver: Deliver, authority: Authority
) -> None:
    outcome = await deliver(authority.server_context("127.0.0.1"), authority.ca_file)

    assert isinstance(outcome, Delivered)


@pytest.mark.parametrize(
    ("host", "is_expired", "reason"),
    [("127.0.0.2", False, "mismatch"), ("127.0.0.1", True, "expired")],
)
async def test_a_bad_certificate_is_refused_with_the_reason(
    deliver: Deliver, authority: Authority, host: str, is_expired: bool, reason: str
) -> None:
    context = authority.server_context(host, is_expired=is_expired)

    outcome = await deliver(context, authority.ca_file)

    assert isinstance(outcome, Failed)
    assert outcome.evidence.phase == "tls"
    assert reason in outcome.message


async def test_an_unknown_authority_is_refused(deliver: Deliver, authority: Authority) -> None:
    outcome = await deliver(authority.server_context("127.0.0.1"), None)

    assert isinstance(outcome, Failed)
    assert outcome.evidence.phase == "tls"


async def test_tls_below_1_2_is_refused(deliver: Deliver, authority: Authority) -> None:
    context = authority.server_context("127.0.0.1")
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1

    outcome = await deliver(context, authority.ca_file)

    assert isinstance(outcome, Failed)
    assert outcome.evidence.phase == "tls"


async def test_a_missing_ca_file_is_an_outcome_that_names_it(
    deliver: Deliver, authority: Authority, tmp_path: Path
) -> None:
    outcome = await deliver(authority.server_context("127.0.0.1"), tmp_path / "none.pem")

    assert isinstance(outcome, Failed)
    assert "none.pem" in outcome.message


async def test_a_renewed_ca_file_is_read_without_a_restart(
    authority: Authority, tmp_path: Path
) -> None:
    renewed = Authority(tmp_path, "renewed")
    ca_file = tmp_path / "current.pem"
    ca_file.write_bytes(authority.ca_file.read_bytes())
    client = HttpClient(SteadyClock(), ca_file=str(ca_file))
    server = SinkServer(answering(ACCEPTED))
    await server.start(renewed.server_context("127.0.0.1"))
    sink = HttpSink(HttpSinkSpec(f"https://127.0.0.1:{server.port}/"), client, SteadyClock())

    (before,) = await sink.deliver([a_delivery()], time.monotonic() + 60)
    ca_file.write_bytes(renewed.ca_file.read_bytes())
    (after,) = await sink.deliver([a_delivery()], time.monotonic() + 60)
    await client.close()
    await server.close()

    assert isinstance(before, Failed)
    assert isinstance(after, Delivered)


async def test_a_server_that_speaks_no_tls_is_a_failure_of_that_phase() -> None:
    client = HttpClient(SteadyClock())

    async def speak_plainly(_reader: object, writer: object) -> None:
        writer.write(b"HTTP/1.1 400 Bad\r\n\r\n")  # type: ignore[attr-defined]

    server = SinkServer(answering(ACCEPTED), at_connect=speak_plainly)
    await server.start()
    sink = HttpSink(HttpSinkSpec(f"https://127.0.0.1:{server.port}/"), client, SteadyClock())

    (outcome,) = await sink.deliver([a_delivery()], time.monotonic() + 60)
    await client.close()
    await server.close()

    assert isinstance(outcome, Failed)
    assert outcome.evidence.phase == "tls"


@pytest.mark.parametrize(
    ("address", "is_own"), [("127.0.0.1", True), ("::1", True), ("192.0.2.7", False)]
)
def test_a_machine_knows_its_own_addresses(address: str, is_own: bool) -> None:
    assert is_own_address(address) is is_own
