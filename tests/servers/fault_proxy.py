"""A TCP proxy that fails when told to: between a client and the server it believes to reach."""

import asyncio
import socket
import struct
from collections.abc import Coroutine
from threading import Thread
from typing import Any, Self, TypeVar

from tests.servers.ports import LOOPBACK

CHUNK_BYTES_MAX = 64 * 1024
TICKS_PER_SECOND = 20  # of a slow link
CALL_SECONDS_MAX = 60.0
RESET = struct.pack("ii", 1, 0)  # linger on, for no time: closing sends RST

Got = TypeVar("Got")
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class FaultProxy:
    """Listens on `port` and passes all on, but for what cut(), stall() and slow() say.

    It runs on a loop and a thread of its own, so it stands in front of any process; its
    methods return when what they say holds. `with FaultProxy(…) as proxy:` opens and ends it.
    At most 64 KiB a direction wait here; beyond, the sender waits.
    """

    def __init__(self, upstream_host: str, upstream_port: int, port: int = 0) -> None:
        self._upstream = (upstream_host, upstream_port)
        # Bound for as long as this lives, and never listening: nobody else gets the port
        # while it is cut, and who dials it is refused.
        self._held = _bound(port)
        self.port: int = self._held.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True, name="fault-proxy")
        self._listener: socket.socket | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._ends: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._bytes_per_second: float | None = None

    @property
    def address(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self.mend()
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._held.close()

    def cut(self) -> None:
        """Reset every connection and refuse new ones, until mend()."""
        self._call(self._cut())

    def mend(self) -> None:
        """Accept and pass everything on, at full speed; what was held by stall() too."""
        self._call(self._mend())

    def stall(self) -> None:
        """Accept connections and pass nothing on, in either direction, until mend()."""
        self._loop.call_soon_threadsafe(self._flowing.clear)

    def slow(self, bytes_per_second: float) -> None:
        """Pass at most this on a connection and direction, until mend()."""
        self._bytes_per_second = bytes_per_second

    def _call(self, work: Coroutine[Any, Any, Got]) -> Got:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(CALL_SECONDS_MAX)

    async def _mend(self) -> None:
        self._bytes_per_second = None
        self._flowing.set()
        if self._listener is None:
            self._listener = _bound(self.port)
            self._listener.listen()
            self._loop.add_reader(self._listener, self._accept, self._listener)

    def _accept(self, listener: socket.socket) -> None:
        """Take one connection and serve it.

        A server of asyncio's, closed while it makes a transport, would leave that one open.
        """
        try:
            connection, _ = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return  # who dialled has gone again
        task = self._loop.create_task(self._serve(connection))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _cut(self) -> None:
        if self._listener is not None:
            self._loop.remove_reader(self._listener)
            self._listener.close()
            self._listener = None
        for end in self._ends:
            _reset(end)

    async def _close(self) -> None:
        """Cut, and wait until nothing is open: what is reset ends by itself."""
        while True:
            await self._cut()
            self._flowing.set()
            if not self._serving:
                return
            await asyncio.wait(self._serving, timeout=1 / TICKS_PER_SECOND)

    async def _serve(self, connection: socket.socket) -> None:
        ends: set[asyncio.StreamWriter] = set()
        try:
            here = await self._open(ends, sock=connection)
            host, port = self._upstream
            there = await self._open(ends, host=host, port=port)
            if self._listener is None or here[1].is_closing():
                raise ConnectionResetError("cut before both ends were open")
            async with asyncio.TaskGroup() as directions:
                directions.create_task(self._pass(here[0], there[1]))
                directions.create_task(self._pass(there[0], here[1]))
        except* OSError:
            for end in ends:  # what one end suffered, the other is to suffer too
                _reset(end)
        finally:
            await _closed(ends)
            self._ends -= ends

    async def _open(self, ends: set[asyncio.StreamWriter], **to: Any) -> Streams:
        reader, writer = await asyncio.open_connection(limit=CHUNK_BYTES_MAX, **to)
        ends.add(writer)
        self._ends.add(writer)
        return reader, writer

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(self._chunk_bytes()):
            await self._flowing.wait()
            writer.write(chunk)
            await writer.drain()
            if self._bytes_per_second is not None:
                await asyncio.sleep(len(chunk) / self._bytes_per_second)
        await self._flowing.wait()
        writer.write_eof()

    def _chunk_bytes(self) -> int:
        if self._bytes_per_second is None:
            return CHUNK_BYTES_MAX
        return max(1, min(CHUNK_BYTES_MAX, int(self._bytes_per_second / TICKS_PER_SECOND)))


def _bound(port: int) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind((LOOPBACK, port))
    bound.setblocking(False)
    return bound


def _reset(writer: asyncio.StreamWriter) -> None:
    end = writer.get_extra_info("socket")
    if end is not None and end.fileno() >= 0:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()


async def _closed(ends: set[asyncio.StreamWriter]) -> None:
    for end in ends:
        end.close()
    await asyncio.gather(*(end.wait_closed() for end in ends), return_exceptions=True)
