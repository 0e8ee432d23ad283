"""A loop of a test leaves no connection to the collector of garbage."""

import asyncio
import gc
import warnings

from tests.ending_loop import EndingLoop
from tests.servers.ports import LOOPBACK

LATER_SECONDS = 0.05  # as the end of TLS, whose peer answers when it can


async def close_later() -> None:
    def serve(_: asyncio.StreamReader, peer: asyncio.StreamWriter) -> None:
        asyncio.get_running_loop().call_later(LATER_SECONDS, peer.close)

    server = await asyncio.start_server(serve, LOOPBACK, 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    server.close()
    asyncio.get_running_loop().call_later(LATER_SECONDS, writer.close)
    assert not reader.at_eof()


def left_by(loop: type[asyncio.SelectorEventLoop]) -> int:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(close_later())
        gc.collect()
    return len(told)


def test_what_closes_a_little_later_is_waited_for() -> None:
    assert left_by(EndingLoop) == 0
    assert left_by(asyncio.SelectorEventLoop) > 0
