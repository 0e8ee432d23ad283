"""The server as a whole: its bounds, its deadlines, its end; on both event loops."""

import asyncio
import ssl
import subprocess
from dataclasses import replace
from pathlib import Path

from broker.clock import SteadyClock
from broker.http_limits import HttpLimits
from broker.http_message import Answer
from broker.http_server import HttpServer
from tests.broker.conftest import Serve
from tests.broker.door import Echo, Peer, post, until

SOON = HttpLimits(
    head_seconds=0.1,
    body_stall_seconds=0.1,
    body_seconds=0.5,
    body_rate_bytes_per_second=10_000,
    body_rate_after_seconds=0.2,
    answer_seconds=0.1,
    idle_seconds=0.1,
    write_stall_seconds=0.1,
    linger_seconds=0.1,
    sweep_seconds=0.02,
)
LONG_HEAD = b"POST /a HTTP/1.1\r\nhost: here\r\ncontent-length: 1000\r\n\r\n"


async def test_a_stalled_head_is_answered_408_and_closed(serve: Serve) -> None:
    peer = await (await serve(Echo(), SOON)).peer()

    told = await peer.ask(b"POST /a HTTP/1.1\r\nhost:")

    assert (told.status, told.problem["code"]) == (408, "head-stalled")
    assert await peer.is_closed()


async def test_a_head_is_late_however_often_a_byte_of_it_comes(serve: Serve) -> None:
    peer = await (await serve(Echo(), SOON)).peer()

    async def drip() -> None:
        await peer.send(b"POST /a HTTP/1.1\r\na: ")
        while True:
            await peer.send(b"x")

    dripping = asyncio.create_task(drip())

    assert (await peer.answer()).status == 408
    dripping.cancel()


async def test_a_stalled_body_is_answered_408_and_closed(serve: Serve) -> None:
    peer = await (await serve(Echo(), SOON)).peer()

    told = await peer.ask(LONG_HEAD + b"x")

    assert (told.status, told.problem["code"]) == (408, "body-stalled")
    assert await peer.is_closed()


async def test_a_body_below_the_least_rate_is_answered_408(serve: Serve) -> None:
    limits = replace(SOON, body_stall_seconds=9.0, body_seconds=9.0, body_rate_after_seconds=0.1)
    peer = await (await serve(Echo(), limits)).peer()

    async def drip() -> None:
        await peer.send(LONG_HEAD)
        for _ in range(999):
            await peer.send(b"x")
            await asyncio.sleep(0.01)

    dripping = asyncio.create_task(drip())

    assert (await peer.answer()).status == 408
    dripping.cancel()


async def test_who_says_nothing_is_closed_without_a_word(serve: Serve) -> None:
    served = await serve(Echo(), SOON)
    silent, idle = await served.peer(), await served.peer()

    await idle.ask(post(b"/1"))

    assert await silent.is_closed()
    assert await idle.is_closed()


async def test_a_route_that_does_not_answer_is_answered_for(serve: Serve) -> None:
    route = Echo(holds=True)
    peer = await (await serve(route, SOON)).peer()

    told = await peer.ask(post(b"/1"))
    route.held.pop()(Answer(202))

    assert (told.status, told.headers["retry-after"]) == (503, "1")
    assert await peer.is_closed()


async def test_a_peer_that_does_not_read_its_answers_is_cut_off(serve: Serve) -> None:
    class Long(Echo):
        def receive(self, request: object, respond: object) -> None:
            respond(Answer(200, (), b"x" * 1_000_000))  # type: ignore[operator]

    served = await serve(Long(), SOON)
    peer = await served.peer()

    peer.writer.write(post(b"/1") * 100)

    await served.emptied()
    assert served.server.counts.answers[200] < 100


async def test_a_refused_peer_that_keeps_sending_is_cut_off(serve: Serve) -> None:
    served = await serve(Echo(), SOON)
    peer = await served.peer()
    assert (await peer.ask(b"hello\r\n")).status == 400

    async def flood() -> None:
        while True:
            await peer.send(b"x" * 1000)

    flooding = asyncio.create_task(flood())

    await served.emptied()
    flooding.cancel()
    await asyncio.wait([flooding])


async def test_each_peer_has_so_many_connections(serve: Serve) -> None:
    served = await serve(Echo(), HttpLimits(connections_per_peer_max=2))
    peers = [await served.peer() for _ in range(3)]

    told = await peers[2].answer()
    other = await (await served.peer("127.0.0.2")).ask(post(b"/1"))
    await peers[0].close()
    await until(lambda: served.server.open_connections == 3)

    assert (told.status, told.problem["code"]) == (429, "too-many-connections")
    assert told.headers["retry-after"] == "1"
    assert other.status == 200


async def test_the_server_has_so_many_connections_and_takes_more_when_some_left(
    serve: Serve,
) -> None:
    served = await serve(Echo(), HttpLimits(connections_max=2))
    peers = [await served.peer(f"127.0.0.{number}") for number in (1, 2, 3)]

    told = await peers[2].answer()
    for peer in peers[1:]:
        await peer.close()
    await until(lambda: served.server.open_connections == 1)

    assert (told.status, told.problem["code"]) == (503, "overloaded")
    assert (await served.ask(post(b"/1"))).status == 200


async def test_unfinished_bodies_of_all_peers_together_are_bounded(serve: Serve) -> None:
    served = await serve(Echo(body_bytes_max=10_000), HttpLimits(unfinished_bytes_max=5_000))
    head = b"POST /a HTTP/1.1\r\nhost: here\r\ncontent-length: 9000\r\n\r\n"
    first, second = await served.peer(), await served.peer()

    await first.send(head, b"x" * 4_000)
    told = await second.ask(head, b"x" * 4_000)
    rest = await first.ask(b"x" * 5_000)

    assert (told.status, rest.status) == (503, 200)


async def test_draining_answers_what_is_under_way_and_closes_the_rest(serve: Serve) -> None:
    route = Echo(holds=True)
    served = await serve(route)
    idle, busy = await served.peer(), await served.peer()
    await busy.send(post(b"/1"))
    await until(lambda: route.held and served.server.open_connections == 2)

    draining = asyncio.create_task(served.server.drain(60.0))
    assert await idle.is_closed()
    route.held.pop()(Answer(202))

    assert (await busy.answer()).headers["connection"] == "close"
    await draining
    assert not served.server.open_connections


async def test_draining_ends_with_its_grace_and_closing_cuts_off_who_is_left(
    serve: Serve,
) -> None:
    route = Echo(holds=True)
    served = await serve(route)
    peer = await served.peer()
    await peer.send(post(b"/1"))
    await until(lambda: route.held)

    await served.server.drain(0.05)
    assert served.server.open_connections == 1
    served.server.close()

    assert await peer.is_closed()


async def test_the_longest_path_that_fits_is_the_route() -> None:
    server = HttpServer({"/": Echo(), "/sources/": Echo(body_bytes_max=1)}, SteadyClock())
    host, port = await server.start("127.0.0.1", 0)

    statuses = []
    for target in (b"/sources/a", b"/source"):
        peer = Peer(*await asyncio.open_connection(host, port))
        statuses.append((await peer.ask(post(target, b"ab"))).status)
        await peer.close()
    server.close()

    assert statuses == [413, 200]


async def test_tls_is_spoken_where_it_is_asked_for(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    request = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    command = [
        *request.split(),
        "-subj",
        "/CN=localhost",
        "-keyout",
        str(key),
        "-out",
        str(certificate),
    ]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = HttpServer({"/": Echo(body_bytes_max=10)}, SteadyClock())
    host, port = await server.start("127.0.0.1", 0, context)

    trusted = ssl.create_default_context(cafile=certificate)
    streams = await asyncio.open_connection(host, port, ssl=trusted, server_hostname="localhost")
    peer = Peer(*streams)
    told, refused = await peer.ask(post(b"/1", b"ab")), await peer.ask(post(b"/1", b"x" * 11))

    assert (told.body, refused.status) == (b"/1 ab", 413)
    assert await peer.is_closed()
    await peer.close()
    server.close()
