"""Renewed CA certificates are trusted by a reload, without a restart; an empty file is refused."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from broker.clock import SteadyClock
from broker.http_server import HttpServer
from sinks.http_dial import DialFailed
from tests.deploy.living import BROKER, Living, Subscriber, event, living
from tests.sinks.certificates import Authority

TRIGGER = """
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: orders}
spec:
  subscriber: {uri: "https://127.0.0.1:PORT/"}
  delivery: {backoffDelay: PT1H, backoffMax: PT1H, maxAge: P2D}
"""


class Trust:
    def __init__(self, headrace: Living, subscriber: Subscriber, authority: Authority) -> None:
        self.headrace = headrace
        self.subscriber = subscriber
        self.authority = authority

    async def reload(self) -> None:
        reloader = self.headrace.process.running.reloader
        assert reloader is not None
        await reloader.reload("test")

    async def send(self, one: str) -> None:
        await self.headrace.publish(event(one))
        await self.headrace.rest()


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of CA certificates that the system's TLS reads."""
    path = tmp_path / "trusted.pem"
    shutil.copy(Authority(tmp_path, "old").ca_file, path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    return path


@pytest.fixture
async def one(tmp_path: Path, trusted: Path) -> AsyncIterator[Trust]:
    authority, subscriber = Authority(tmp_path, "new"), Subscriber()
    server = HttpServer({"/": subscriber}, SteadyClock())
    _, port = await server.start("127.0.0.1", 0, authority.server_context("127.0.0.1"))
    text = BROKER + "---" + TRIGGER.replace("PORT", str(port))
    async with living(tmp_path, text) as headrace:
        yield Trust(headrace, subscriber, authority)
    await server.drain(1.0)
    server.close()


async def test_a_renewed_ca_counts_from_the_reload_on(one: Trust, trusted: Path) -> None:
    await one.send("before")
    _, lane = one.headrace.process.running.lanes()["default/orders"]
    why = lane.counts.last_errors["transient"][1]
    shutil.copy(one.authority.ca_file, trusted)

    await one.reload()

    await one.send("after")
    assert "certificate" in why
    assert one.subscriber.seen == ["after"]


async def test_a_ca_file_without_certificates_is_refused_and_the_old_ones_count(
    one: Trust, trusted: Path
) -> None:
    shutil.copy(one.authority.ca_file, trusted)
    await one.send("first")
    trusted.write_text("-----BEGIN CERT")

    with pytest.raises(DialFailed, match="no CA certificates any more"):
        await one.reload()

    await one.send("second")
    assert one.subscriber.seen == ["first", "second"]
