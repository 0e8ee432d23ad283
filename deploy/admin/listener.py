"""The admin listener: uvicorn around the admin application, on a port of its own."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from broker.errors import Invalid
from deploy.addresses import Address, cannot_listen
from deploy.admin.app import LOOPBACK, create_app
from deploy.running import Running

STOP_SECONDS = 2.0


class _Server(uvicorn.Server):
    """Leaves signals to the process: it drains, and then stops this listener."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class AdminListener:
    def __init__(self, running: Running) -> None:
        self._app = create_app(running)
        self._server: uvicorn.Server | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self, address: Address) -> Address:
        """Listen; gives the address bound. Raises Invalid beyond loopback, Unavailable."""
        if address.host not in LOOPBACK:
            raise Invalid(
                f"the admin listener has no sign-in yet and answers on loopback only, "
                f"not on {address.host}",
                code="admin-exposed",
                where="--admin",
                remedy="use 127.0.0.1, and a proxy that signs people in before it",
            )
        try:
            family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
            listening = socket.create_server((address.host, address.port), family=family)
        except OSError as error:
            raise cannot_listen(address, error, "--admin") from error
        config = uvicorn.Config(
            self._app,
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
            limit_concurrency=100,
        )
        server = self._server = _Server(config)
        self._task = asyncio.get_running_loop().create_task(server.serve([listening]))
        return Address(*listening.getsockname()[:2])

    async def stop(self) -> None:
        """End it; a client that does not let go is cut off."""
        if self._server is None or self._task is None:
            return
        self._server.should_exit = True
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._task
        except TimeoutError:
            self._task.cancel()
