"""One headrace process: starts in order, drains in order, ends itself when it must.

Start: own and load the stores → deliver → listen → sources → admin listener. The ingress listens
before the admin application is even imported, so that publishers wait least.
Stop: not ready → accept for `drain_delay_seconds` → end the sources → stop routing → finish
what is in flight → checkpoint → close stores → exit.
"""

import asyncio
import gc
import ssl
import sys
import traceback
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, TextIO

from broker.clock import SteadyClock
from broker.errors import HeadraceError, Invalid
from broker.failpoint import arm
from broker.http_server import HttpServer
from broker.ingress import Ingress
from broker.intake import Intake
from broker.telemetry import Telemetry
from deploy.access.book import TokenBook
from deploy.access.exposure import check_exposure
from deploy.access.token_file import TokenFile
from deploy.addresses import Address, cannot_listen
from deploy.assemble import Assembler
from deploy.brokers import stop_files
from deploy.config.broker_spec import Configuration
from deploy.logs import RECORDS_MAX, LogWriter
from deploy.reload import Reloader
from deploy.running import Running
from deploy.sources.receiving import SourceRoute
from deploy.tracing.beginning import begin_tracing
from deploy.tracing.options import TraceOptions
from deploy.upkeep import KEEPING

GRACE_SECONDS = 30.0
LAST_SECONDS = 2.0  # of the grace are kept for the checkpoint and the stores


def unreadable() -> Configuration:
    """What a process without files does when it is to read them again."""
    raise Invalid(
        "this process was not started from configuration files",
        code="no-configuration",
        remedy="start it by headrace up CONFIG",
    )


@dataclass(frozen=True, slots=True)
class Options:
    """How a process runs; `failpoint` is `name` or `name:hits`, for fault tests."""

    data: Path
    ingress: Address
    admin: Address
    log_format: Literal["console", "json"] = "console"
    log_stream: TextIO = sys.stderr
    log_records_max: int = RECORDS_MAX  # more than wait for a blocked output are dropped
    drain_delay_seconds: float = 0.0
    failpoint: str | None = None
    tls: ssl.SSLContext | None = None
    reserve_bytes: int | None = None  # None: the engine's default
    admin_hosts: tuple[str, ...] = ()  # names beside its address under which it is asked
    proof_minutes: float = 15.0  # for which a browser's token, once given, counts for acts on many
    traces: TraceOptions | None = None
    environment: Mapping[str, str] = field(default_factory=dict)  # what references refer to
    read: Callable[[], Configuration] = unreadable  # the configuration as it is on disk now


class Process:
    """`start` it on a loop, wait for `stopping`, `stop` it."""

    def __init__(self, configuration: Configuration, options: Options) -> None:
        self._configuration = configuration
        self._options = options
        self.clock = SteadyClock()
        self.telemetry = Telemetry()
        self.logs = LogWriter(options.log_format, options.log_stream, options.log_records_max)
        self.telemetry.listen(self.logs)
        self._tracing = begin_tracing(options.traces, self.clock, self.telemetry)
        self._assembler = Assembler(
            options.data,
            self.clock,
            self.telemetry,
            self._fatal,
            forbidden=((options.admin.host, options.admin.port),),
            reserve_bytes=options.reserve_bytes,
            environment=options.environment,
        )
        self.running: Running = self._assembler.running
        self.running.count_dropped_records = lambda: self.logs.dropped
        self.running.tracing = self._tracing
        self.stopping = asyncio.Event()
        self.failure: str | None = None
        self.ingress: Address = options.ingress
        self.admin: Address = options.admin
        self._server: HttpServer | None = None
        self._admin: Any = None
        self._tasks: list[asyncio.Task[None]] = []
        self._has_started = False
        self._is_reload_due = False

    async def start(self) -> None:
        """Listen and deliver. Raises HeadraceError or OSError; then call `stop`."""
        if self._options.failpoint:
            _arm(self._options.failpoint)
        running = await self._assembler.open(self._configuration)
        await self._open_tokens()
        ingress, receiving = Ingress(intakes_of(running)), SourceRoute()
        self._server = HttpServer({"/": ingress, "/sources/": receiving}, self.clock)
        running.serve = lambda: ingress.serve(intakes_of(running))
        await self._assembler.start()
        self.ingress = await self._listen(self._server)
        self._assembler.sources.serve = receiving.serve
        await self._assembler.sources.apply(self._configuration.sources)
        server = self._server
        running.count_connections = lambda: server.open_connections
        running.tend = self._assembler.tend
        running.reloader = Reloader(self._assembler, self._options.read)
        for keep in KEEPING:
            self._begin(keep(running))
        await self._start_admin()
        self.telemetry.emit(
            "process.started",
            ingress=str(self.ingress),
            admin=str(self.admin),
            data=str(self._options.data),
        )
        self._has_started = True
        self.logs.begin()
        if self._is_reload_due:
            self.reload()
        # What was made until now lives as long as the process: out of the collector's way.
        # Not collected first: that stops publishers for 45 ms, to find next to nothing.
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)

    def reload(self) -> None:
        """What SIGHUP asks for; one that comes before all has started is made up for then."""
        if self.running.reloader is None:
            self._is_reload_due = True
        else:
            self.running.reloader.signal()

    async def _listen(self, server: HttpServer) -> Address:
        wanted = self._options.ingress
        try:
            return Address(*await server.start(*wanted, self._options.tls))
        except OSError as error:
            raise cannot_listen(wanted, error, "--listen") from error

    async def _open_tokens(self) -> None:
        # After the brokers: who starts a second process on a folder shall hear of them.
        tokens = TokenBook(TokenFile(self._options.data), self.clock, self.telemetry)
        await asyncio.to_thread(tokens.open)
        self.running.tokens = tokens
        check_exposure(self._options.admin, tokens)

    async def _start_admin(self) -> None:
        # On a thread: importing the application takes 0.2 s, and publishers come already.
        options = self._options
        self._admin = await asyncio.to_thread(_make_admin, self.running, options)
        self.admin = await self._admin.start()

    def _begin(self, upkeep: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(upkeep)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._defect(error)

    def _defect(self, error: BaseException) -> None:
        """A task that must not end has ended: better a restart than half a broker."""
        where = traceback.extract_tb(error.__traceback__)[-1:]
        at = f" at {Path(where[0].filename).name}:{where[0].lineno}" if where else ""
        self._fail(f"{type(error).__name__}: {error}{at}")

    def _fatal(self, broker: str, error: HeadraceError) -> None:
        """A store has stopped for good: nothing may be answered as stored any more."""
        if broker in self.running.brokers:
            self.running.brokers[broker].failure = str(error)
            self.running.brokers[broker].is_fenced = error.code == "fenced"
        self.telemetry.emit("partition.failed", broker=broker, error=str(error))
        self._fail(f"{broker}: {error}")

    def _fail(self, what: str) -> None:
        if self.failure is None:
            self.failure = what
            self.telemetry.emit("process.failed", error=what)
        self.stopping.set()

    async def stop(self) -> None:
        """Drain and close; bounded by the grace period."""
        began = self.clock.monotonic()
        running = self.running
        running.is_draining = True
        self.telemetry.emit("process.draining")
        if self.failure is None and self._options.drain_delay_seconds:
            await asyncio.sleep(self._options.drain_delay_seconds)
        await self._end_reload()
        await self._assembler.sources.stop()
        running.is_refusing = True
        if self._server is not None:
            await self._server.drain(LAST_SECONDS)
            self._server.close()
        running.pool.is_held = True
        if self.failure is None:
            # Who waits for a start that has failed shall not wait for slow subscribers too.
            grace_seconds = GRACE_SECONDS - LAST_SECONDS if self._has_started else LAST_SECONDS
            await self._finish(began + grace_seconds)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._admin is not None:
            await self._admin.stop()
        if running.tokens is not None:
            await asyncio.to_thread(running.tokens.close)
        open_calls = running.pool.calls
        await self._assembler.close()
        if self._tracing is not None:
            await asyncio.to_thread(self._tracing.spans.close, LAST_SECONDS)
            self._tracing.spans.settle()
        seconds = round(self.clock.monotonic() - began, 3)
        self.telemetry.emit("process.stopped", open=open_calls, seconds=seconds)
        self.logs.close()

    async def _end_reload(self) -> None:
        """Let one that is under way come to its end: half applied is nothing to stop at."""
        if self.running.reloader is None:
            return
        try:
            async with asyncio.timeout(LAST_SECONDS):
                await self.running.reloader.quiet()
        except TimeoutError:
            self.telemetry.emit("configuration.refused", by="process", error="it stops meanwhile")

    async def _finish(self, deadline: float) -> None:
        """Let calls in flight end, then write down what they came to."""
        try:
            async with asyncio.timeout(max(0.0, deadline - self.clock.monotonic())):
                await self.running.pool.quiet()
        except TimeoutError:
            calls = self.running.pool.calls
            self.telemetry.emit("process.overdue", calls=calls)
        try:
            async with asyncio.timeout(LAST_SECONDS):
                for broker in self.running.brokers.values():
                    await stop_files(broker)
                    await broker.partition.drain()
        except TimeoutError:
            self._fail("the last checkpoint could not be written in time")


def intakes_of(running: Running) -> dict[str, Intake]:
    """The doors of all brokers that anybody may publish to, by name."""
    brokers = running.brokers.items()
    return {name: broker.intake for name, broker in brokers if not broker.spec.is_hidden}


def _make_admin(running: Running, options: Options) -> Any:
    from deploy.admin.listener import AdminListener

    proof_kept = timedelta(minutes=options.proof_minutes)
    return AdminListener(running, options.admin, options.admin_hosts, proof_kept)


def _arm(failpoint: str) -> None:
    name, _, hits = failpoint.partition(":")
    try:
        arm(name, int(hits or 1))
    except ValueError as error:
        raise Invalid(str(error), where="HEADRACE_FAILPOINT", remedy="write NAME:HITS") from error
