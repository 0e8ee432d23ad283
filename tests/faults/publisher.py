"""Publishers that note every answer, and come back however often the program dies."""

import asyncio
import time
from collections.abc import Sequence
from random import Random

from tests.faults.ledger import Ledger
from tests.faults.process import Program
from tests.faults.subscribers import header

ORDER, REFUND, NOISE, INVALID = "order", "refund", "noise", "invalid"
MIX = (ORDER,) * 7 + (REFUND, NOISE, INVALID)
AGAIN_SECONDS = 0.01
ACCEPTED_SECONDS_MAX = 60.0


def request(id: str, type: str, data: bytes = b'{"n":1}') -> bytes:
    """One event in binary mode; of type INVALID it lacks its type."""
    named = f"ce-type: {type}\r\n" if type != INVALID else ""
    head = (
        "POST /default/default HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"ce-specversion: 1.0\r\nce-id: {id}\r\nce-source: /faults\r\n{named}"
        f"content-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"
    )
    return head.encode() + data


async def exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, raw: bytes
) -> tuple[int, bytes]:
    """Send one request; gives status and body. Raises OSError or IncompleteReadError."""
    writer.write(raw)
    await writer.drain()
    head = await reader.readuntil(b"\r\n\r\n")
    body = await reader.readexactly(int(header(head, b"content-length") or 0))
    return int(head.split(b" ", 2)[1]), body


async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, raw: bytes) -> None:
    """Send one request until it is stored: a disk that takes its time is answered 503.

    Raises as `exchange`, and TimeoutError.
    """
    async with asyncio.timeout(ACCEPTED_SECONDS_MAX):
        while (answer := await exchange(reader, writer, raw))[0] == 503:
            await asyncio.sleep(AGAIN_SECONDS)
    assert answer[0] == 202, answer


class Publisher:
    """One connection, one event at a time, until `is_stopped`.

    When its connection breaks before the answer it sends the event again (as a careful
    publisher does) or gives it up, by chance. `pause_seconds` apart.
    """

    def __init__(self, name: str, ledger: Ledger, program: Program, chance: Random) -> None:
        self.is_stopped = False
        self.pause_seconds = 0.002
        self.mix: Sequence[str] = MIX
        self.data = b'{"n":1}'
        self._name = name
        self._ledger = ledger
        self._program = program
        self._chance = chance
        self._number = 0
        self._unanswered: tuple[str, str] | None = None

    async def run(self) -> None:
        while not self.is_stopped:
            address = self._program.ingress
            try:
                if address is not None:
                    await self._talk(*await asyncio.open_connection(*address))
            except (OSError, asyncio.IncompleteReadError):
                if self._chance.random() < 0.5:
                    self._unanswered = None
            await asyncio.sleep(AGAIN_SECONDS)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not self.is_stopped:
                event = self._unanswered = self._unanswered or self._draw()
                self._ledger.send(*event)
                sent_at = time.monotonic()
                status, _ = await exchange(reader, writer, request(*event, self.data))
                self._ledger.answer(event[0], status, sent_at)
                if status < 500 or self._chance.random() < 0.5:
                    self._unanswered = None
                await asyncio.sleep(self.pause_seconds)
        finally:
            writer.close()

    def _draw(self) -> tuple[str, str]:
        self._number += 1
        kind = self._chance.choice(self.mix)
        return f"{kind}-{self._name}-{self._number}", kind
