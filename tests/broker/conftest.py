"""The door's tests: servers on free ports, and both event loops for the HTTP server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import pytest
import uvloop

from broker.clock import SteadyClock
from broker.http_limits import HttpLimits
from broker.http_message import Route
from broker.http_server import HttpServer
from tests.broker.door import Served
from tests.ending_loop import EndingLoop

Serve = Callable[..., Awaitable[Served]]


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The HTTP server must work on uvloop and on the stock loop."""
    if item.path.name.startswith("test_http_server"):
        return {"stock": EndingLoop, "uvloop": uvloop.new_event_loop}
    return {"stock": EndingLoop}


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """`await serve(route, limits)` starts a server; what was started is closed at the end."""
    started: list[Served] = []

    async def start(route: Route, limits: HttpLimits | None = None) -> Served:
        server = HttpServer({"/": route}, SteadyClock(), limits)
        host, port = await server.start("127.0.0.1", 0)
        started.append(Served(server, host, port))
        return started[-1]

    yield start
    for served in started:
        served.server.close()
        for peer in served.peers:
            await peer.close()
        await served.emptied()
