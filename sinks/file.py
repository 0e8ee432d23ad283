"""Files as sinks: each event one line of CloudEvents JSON, on disk before it is Delivered."""

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from broker.clock import Clock
from broker.codec import encode_line
from broker.delivery import Delivered, Delivery, Evidence, Failed, Outcome, OutcomeClass
from broker.errors import Unavailable
from sinks.file_writer import FileWriter
from sinks.spec import FileSinkSpec

BATCH_LIMIT = 256
WAITING_BYTES_MAX = 67_108_864

_Waiting = tuple[list[bytes], "asyncio.Future[OSError | None]"]


class FileSink:
    """One file, one thread, one sync for all that waits when the thread becomes free.

    At most 64 MiB wait; beyond, deliveries fail as overload. Make one sink per path: two
    would rotate under each other.
    """

    batch_limit = BATCH_LIMIT

    def __init__(self, spec: FileSinkSpec, clock: Clock) -> None:
        self.name = f"FileSink {spec.name}"
        self._path = Path(spec.path)
        self._clock = clock
        self._writer = FileWriter(self._path, spec.rotate_bytes)
        self._thread: ThreadPoolExecutor | None = None
        self._waiting: deque[_Waiting] = deque()
        self._waiting_bytes = 0
        self._writing: asyncio.Task[None] | None = None

    def become(self, spec: FileSinkSpec) -> None:
        """Go on as `spec`, of the same path, from the next write on.

        A second sink on the path would take what this one is writing for torn.
        """
        self.name = f"FileSink {spec.name}"
        self._writer.rotate_bytes = spec.rotate_bytes

    async def open(self) -> None:
        """Open the file, making its folder; raises Unavailable where that cannot be."""
        await self.probe()

    async def deliver(self, deliveries: Sequence[Delivery], deadline: float) -> Sequence[Outcome]:
        """Append them together; all are Delivered or all Failed."""
        started_at = self._clock.monotonic()
        lines = [encode_line(delivery.event) + b"\n" for delivery in deliveries]
        size_bytes = sum(map(len, lines))
        if self._waiting_bytes + size_bytes > WAITING_BYTES_MAX:
            outcome: Outcome = Failed(OutcomeClass.OVERLOAD, "too much waits for this file's disk")
        else:
            outcome = await self._append(lines, size_bytes, started_at, deadline)
        return [outcome] * len(lines)

    async def _append(
        self, lines: list[bytes], size_bytes: int, started_at: float, deadline: float
    ) -> Outcome:
        written = asyncio.get_running_loop().create_future()
        self._waiting.append((lines, written))
        self._waiting_bytes += size_bytes
        written.add_done_callback(lambda _future: self._written(size_bytes))
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write_all())
        try:
            async with asyncio.timeout(deadline - started_at):
                error = await asyncio.shield(written)
        except TimeoutError:
            message, phase = "the disk did not answer in time", "timeout"
        else:
            if error is None:
                return Delivered()
            message, phase = self._explained(error), "write"
        evidence = Evidence(phase=phase)
        return Failed(OutcomeClass.TRANSIENT, message, evidence=evidence)

    def _written(self, size_bytes: int) -> None:
        self._waiting_bytes -= size_bytes

    async def _write_all(self) -> None:
        """Write until nothing waits; what comes during one sync shares the next."""
        while self._waiting:
            group, self._waiting = self._waiting, deque()
            error = await self._in_thread([line for lines, _ in group for line in lines])
            for _, written in group:
                written.set_result(error)
        self._writing = None

    async def _in_thread(self, lines: list[bytes] | None) -> OSError | None:
        """Append `lines`, or with None only open; gives the error there was."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="headrace-file")
        work = (self._writer.append, lines) if lines is not None else (self._writer.ready,)
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, *work)
        except OSError as error:
            return error
        return None

    async def probe(self) -> None:
        """Open the file where it is not; raises Unavailable with the reason."""
        error = await self._in_thread(None)
        if error is not None:
            raise Unavailable(
                self._explained(error),
                code="file-sink",
                where=self.name,
                remedy="make the folder writable for this process, or change spec.path",
            )

    async def close(self) -> None:
        """Wait for what is being written, then close; `open` may follow."""
        if self._writing is not None:
            await self._writing
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.get_running_loop().run_in_executor(thread, self._writer.close)
            thread.shutdown(wait=True)

    def _explained(self, error: OSError) -> str:
        return f"{self._path} cannot be written ({error.strerror or error})"
