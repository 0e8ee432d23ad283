"""What a peer sends while its request is being answered: held, and beyond a bound not read."""

import asyncio

from broker.http_reader import RequestReader
from broker.http_state import HttpState


class Inflow:
    """Of one connection: `held` are bytes behind the request being answered, from `held_at` on.

    Its bytes and those of an unfinished body are in the server's count of them.
    """

    __slots__ = ("_counted_bytes", "_reader", "_state", "held", "held_at", "is_reading")

    def __init__(self, state: HttpState, reader: RequestReader) -> None:
        self.held = b""
        self.held_at = 0
        self.is_reading = True
        self._state = state
        self._reader = reader
        self._counted_bytes = 0  # of ours in the server's count of unfinished bytes

    def hold(self, data: bytes, at: int) -> bool:
        """Keep `data` from `at` on; False where that is more than may be held at once."""
        if self.held:
            data, at = self.held[self.held_at :] + data[at:], 0
        self.held, self.held_at = data, at
        self.count()
        return len(data) - at <= self._state.limits.held_bytes_max

    def take(self) -> tuple[bytes, int]:
        """What is held, and where it begins; then nothing is."""
        data, self.held = self.held, b""
        return data, self.held_at

    def forget(self) -> None:
        self._reader.forget()
        self.held = b""
        self.count()

    def count(self) -> None:
        """Keep the server's count of bytes that no request has yet."""
        bytes_now = self._reader.body_bytes + len(self.held)
        self._state.unfinished_bytes += bytes_now - self._counted_bytes
        self._counted_bytes = bytes_now

    def stop(self, transport: asyncio.Transport | None) -> None:
        """Read no more from the peer."""
        if self.is_reading and transport is not None and not transport.is_closing():
            self.is_reading = False
            transport.pause_reading()

    def go_on(self, transport: asyncio.Transport) -> None:
        if not self.is_reading and not transport.is_closing():
            self.is_reading = True
            transport.resume_reading()
