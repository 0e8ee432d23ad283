"""The admin listener: uvicorn around the admin application, on a port of its own."""

import asyncio
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import uvicorn

from deploy.access.exposure import check_exposure
from deploy.access.sessions import PROOF_KEPT
from deploy.addresses import Address, cannot_listen
from deploy.admin.app import create_app
from deploy.admin.gate import door_of
from deploy.console.beginning import keep
from deploy.running import Running

STOP_SECONDS = 2.0


class _Server(uvicorn.Server):
    """Leaves signals to the process: it drains, and then stops this listener."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class AdminListener:
    """Over `running`, at `address`; `hosts` are names beside it under which it is asked."""

    def __init__(
        self,
        running: Running,
        address: Address,
        hosts: Iterable[str] = (),
        proof_kept: timedelta = PROOF_KEPT,
    ) -> None:
        self._running = running
        self._address = address
        self._door = door_of(address.host, hosts)
        self._app = create_app(running, self._door, proof_kept)
        self._server: uvicorn.Server | None = None
        self._task: asyncio.Task[None] | None = None
        self._sampling: asyncio.Task[None] | None = None

    async def start(self) -> Address:
        """Listen; gives the address bound.

        Raises Invalid beyond loopback where there are no tokens, Unavailable.
        """
        address = self._address
        check_exposure(address, self._running.tokens)
        if self._door.is_exposed:
            self._running.telemetry.emit("admin.exposed", address=str(address))
        try:
            family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
            listening = socket.create_server((address.host, address.port), family=family)
        except OSError as error:
            raise cannot_listen(address, error, "--admin") from error
        config = uvicorn.Config(
            self._app,
            lifespan="off",
            log_config=None,
            log_level="critical",  # what a stranger sends is no line in the log
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
            limit_concurrency=100,
        )
        server = self._server = _Server(config)
        loop = asyncio.get_running_loop()
        self._task = loop.create_task(server.serve([listening]))
        self._sampling = loop.create_task(keep(self._app))
        return Address(*listening.getsockname()[:2])

    async def stop(self) -> None:
        """End it; a client that does not let go is cut off."""
        if self._sampling is not None:
            self._sampling.cancel()
        if self._server is None or self._task is None:
            return
        self._server.should_exit = True
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._task
        except TimeoutError:
            self._task.cancel()
