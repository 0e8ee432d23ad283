"""A client, and servers for it that end with the test."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import pytest

from broker.clock import SteadyClock
from sinks.http import HttpSink
from sinks.http_client import HttpClient
from sinks.spec import HttpSinkSpec
from tests.sinks.loops import LoopFactory, loops_for
from tests.sinks.server import Behaviour, SinkServer

Serve = Callable[[Behaviour], Awaitable[SinkServer]]
MakeSink = Callable[[str], HttpSink]


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, LoopFactory]:
    return loops_for(item, ("test_http_client.py", "test_http_dial.py"))


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    made = HttpClient(SteadyClock())
    yield made
    await made.close()


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    servers: list[SinkServer] = []

    async def start(behave: Behaviour) -> SinkServer:
        server = SinkServer(behave)
        servers.append(server)
        await server.start()
        return server

    yield start
    for server in servers:
        await server.close()


@pytest.fixture
def sink_at(client: HttpClient) -> MakeSink:
    return lambda url: HttpSink(HttpSinkSpec(url), client, SteadyClock())
