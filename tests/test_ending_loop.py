"""A loop of a test leaves no connection to the collector of garbage."""

import asyncio

from tests.ending_loop import EndingLoop
from tests.servers.ports import LOOPBACK

LATER_SECONDS = 0.05  # as the end of TLS, whose peer answers when it can


def test_what_closes_a_little_later_is_waited_for() -> None:
    ends: list[asyncio.StreamWriter] = []

    def serve(_: asyncio.StreamReader, peer: asyncio.StreamWriter) -> None:
        ends.append(peer)

    async def close_later() -> None:
        server = await asyncio.start_server(serve, LOOPBACK, 0)
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        ends.append(writer)
        while len(ends) < 2:
            await asyncio.sleep(0)
        server.close()
        for end in ends:
            asyncio.get_running_loop().call_later(LATER_SECONDS, end.close)

    with asyncio.Runner(loop_factory=EndingLoop) as runner:
        runner.run(close_later())

    assert [end.get_extra_info("socket").fileno() for end in ends] == [-1, -1]
