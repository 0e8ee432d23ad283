import asyncio
import time
from collections.abc import Callable

import pytest

from broker.clock import SteadyClock
from sinks.addresses import EgressPolicy
from sinks.http_call import Answer, Call, NoAnswer
from sinks.http_client import HttpClient
from sinks.http_dial import Address
from sinks.http_pool import ClientLimits, Pool
from sinks.http_url import parse_url
from sinks.spec import Egress
from tests.sinks.conftest import Serve
from tests.sinks.server import ACCEPTED, Exchange, answering, with_body

HEAD = b"POST /in HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n"


def post(
    pool: Pool, seconds: float = 60.0, keep_bytes: int = 4096
) -> "asyncio.Future[Answer | NoAnswer]":
    """A call as soon as a connection is there; the future never raises."""
    future: asyncio.Future[Answer | NoAnswer] = asyncio.get_running_loop().create_future()

    def done(result: Answer | NoAnswer) -> None:
        if not future.done():  # cancelled by who waits for it
            future.set_result(result)

    deadline = time.monotonic() + seconds
    pool.submit(Call(HEAD, b"ok", deadline, lambda _status, _headers: keep_bytes, done))
    return future


def pool_of(client: HttpClient, url: str) -> Pool:
    return client.pool(parse_url(url), EgressPolicy(Egress()))


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_so():
            await asyncio.sleep(0.01)


async def test_one_connection_carries_one_call_after_the_other(
    client: HttpClient, serve: Serve
) -> None:
    server = await serve(answering(ACCEPTED))
    pool = pool_of(client, server.url)

    answers = [await post(pool) for _ in range(3)]

    assert [type(answer) for answer in answers] == [Answer] * 3
    assert server.connections == 1
    assert server.requests[0].raw == HEAD + b"ok"


async def test_calls_beyond_the_connections_wait_for_their_turn(serve: Serve) -> None:
    server = await serve(answering(ACCEPTED))
    client = HttpClient(SteadyClock(), ClientLimits(connections_max=2))
    pool = pool_of(client, server.url)

    answers = await asyncio.gather(*(post(pool) for _ in range(20)))

    assert all(isinstance(answer, Answer) for answer in answers)
    assert server.connections <= 2
    await client.close()


async def test_calls_beyond_the_queue_end_at_once(serve: Serve) -> None:
    async def silence(_exchange: Exchange) -> None:
        await asyncio.Event().wait()

    server = await serve(silence)
    client = HttpClient(SteadyClock(), ClientLimits(connections_max=1, waiting_max=1))
    pool = pool_of(client, server.url)
    first = post(pool)
    await until(lambda: len(server.requests) == 1)

    waiting, refused = post(pool), post(pool)

    assert isinstance(await refused, NoAnswer)
    assert not waiting.done()
    await client.close()
    assert isinstance(await first, NoAnswer)
    assert isinstance(await waiting, NoAnswer)


async def test_a_waiting_call_ends_by_its_own_deadline(serve: Serve) -> None:
    async def silence(_exchange: Exchange) -> None:
        await asyncio.Event().wait()

    server = await serve(silence)
    client = HttpClient(SteadyClock(), ClientLimits(connections_max=1))
    pool = pool_of(client, server.url)
    long = post(pool)
    await until(lambda: len(server.requests) == 1)

    result = await post(pool, 0.1)

    assert isinstance(result, NoAnswer)
    assert result.phase == "timeout"
    assert not long.done()
    await client.close()


async def test_a_stale_connection_costs_one_silent_repeat(client: HttpClient, serve: Serve) -> None:
    async def answer_first_then_hang_up(exchange: Exchange) -> None:
        if exchange.request.connection == 1 and len(server.requests) > 1:
            exchange.close()
        else:
            await exchange.send(ACCEPTED)

    server = await serve(answer_first_then_hang_up)
    pool = pool_of(client, server.url)
    await post(pool)

    result = await post(pool)

    assert isinstance(result, Answer)
    assert [request.connection for request in server.requests] == [1, 1, 2]


async def test_a_repeat_is_not_repeated(client: HttpClient, serve: Serve) -> None:
    async def answer_once(exchange: Exchange) -> None:
        if len(server.requests) == 1:
            await exchange.send(ACCEPTED)
        else:
            exchange.close()

    server = await serve(answer_once)
    pool = pool_of(client, server.url)
    await post(pool)

    result = await post(pool)

    assert isinstance(result, NoAnswer)
    assert len(server.requests) == 3


async def test_a_fresh_connection_that_dies_is_no_reason_to_repeat(
    client: HttpClient, serve: Serve
) -> None:
    async def hang_up(exchange: Exchange) -> None:
        exchange.close()

    server = await serve(hang_up)

    result = await post(pool_of(client, server.url))

    assert isinstance(result, NoAnswer)
    assert len(server.requests) == 1


async def test_an_answer_begun_is_no_reason_to_repeat(client: HttpClient, serve: Serve) -> None:
    async def answer_then_half(exchange: Exchange) -> None:
        await exchange.send(ACCEPTED if len(server.requests) == 1 else b"HTTP/1.1 2")
        if len(server.requests) > 1:
            exchange.close()

    server = await serve(answer_then_half)
    pool = pool_of(client, server.url)
    await post(pool)

    result = await post(pool)

    assert isinstance(result, NoAnswer)
    assert len(server.requests) == 2


async def test_idle_connections_close_by_themselves(serve: Serve) -> None:
    server = await serve(answering(ACCEPTED))
    client = HttpClient(SteadyClock(), ClientLimits(idle_seconds=0.1))
    pool = pool_of(client, server.url)

    await post(pool)

    await until(lambda: pool.is_quiet)
    await client.close()


async def test_a_connection_that_the_sink_closed_leaves_the_pool(
    client: HttpClient, serve: Serve
) -> None:
    async def answer_and_close(exchange: Exchange) -> None:
        await exchange.send(ACCEPTED)
        exchange.close()

    server = await serve(answer_and_close)
    pool = pool_of(client, server.url)

    await post(pool)

    await until(lambda: pool.open_connections == 0)


async def test_an_answer_without_length_ends_with_its_connection(
    client: HttpClient, serve: Serve
) -> None:
    async def endless_head(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\n\r\nall of it")
        exchange.close()

    server = await serve(endless_head)

    result = await post(pool_of(client, server.url))

    assert isinstance(result, Answer)
    assert result.body == b"all of it"


async def test_a_body_is_kept_to_the_limit_and_said_to_be_cut(
    client: HttpClient, serve: Serve
) -> None:
    server = await serve(answering(with_body("200 OK", b"x" * 100)))
    pool = pool_of(client, server.url)

    result = await post(pool, keep_bytes=10)

    assert isinstance(result, Answer)
    assert (result.body, result.cut) == (b"x" * 10, True)
    assert pool.open_connections == 1


async def test_chunks_are_joined_and_trailers_are_no_headers(
    client: HttpClient, serve: Serve
) -> None:
    answer = (
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n2\r\nde\r\n0\r\nretry-after: 9\r\n\r\n"
    )
    server = await serve(answering(answer))

    result = await post(pool_of(client, server.url))

    assert isinstance(result, Answer)
    assert result.body == b"abcde"
    assert [name for name, _ in result.headers] == [b"transfer-encoding"]


async def test_interim_answers_are_skipped(client: HttpClient, serve: Serve) -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"
    server = await serve(answering(b"HTTP/1.1 100 Continue\r\n\r\n" + interim + ACCEPTED))

    result = await post(pool_of(client, server.url))

    assert isinstance(result, Answer)
    assert result.status == 202
    assert [name for name, _ in result.headers] == [b"content-length"]


async def test_one_name_is_resolved_per_connection_and_each_answer_is_judged(
    serve: Serve,
) -> None:
    server = await serve(answering(ACCEPTED))
    found: list[list[Address]] = [
        [(2, ("127.0.0.1", server.port))],
        [(2, ("169.254.169.254", server.port))],
    ]

    async def flips(_host: str, _port: int) -> list[Address]:
        return found.pop(0)

    client = HttpClient(SteadyClock(), resolve=flips)
    pool = pool_of(client, f"http://flips.test:{server.port}/")

    first = await post(pool)
    again = await post(pool)
    await client.close()
    refused = await post(client.pool(parse_url("http://flips.test/"), EgressPolicy(Egress())))

    assert isinstance(first, Answer)
    assert isinstance(again, Answer)
    assert isinstance(refused, NoAnswer)
    assert "egress" in refused.message
    assert "169" not in refused.message


async def test_a_failed_look_up_names_its_phase(client: HttpClient) -> None:
    async def fails(_host: str, _port: int) -> list[Address]:
        raise OSError(2, "Name or service not known")

    failing = HttpClient(SteadyClock(), resolve=fails)

    result = await post(pool_of(failing, "http://nowhere.test/"))

    assert isinstance(result, NoAnswer)
    assert result.phase == "dns"
    await failing.close()


async def test_a_refused_connection_names_its_phase_and_no_address(
    client: HttpClient, refused_port: int
) -> None:
    result = await post(pool_of(client, f"http://127.0.0.1:{refused_port}/"))

    assert isinstance(result, NoAnswer)
    assert result.phase == "connect"
    assert "127.0.0.1" not in result.message


@pytest.mark.parametrize("seconds", [0.0, -1.0])
async def test_a_deadline_in_the_past_ends_the_call(
    client: HttpClient, serve: Serve, seconds: float
) -> None:
    server = await serve(answering(ACCEPTED))

    result = await post(pool_of(client, server.url), seconds)

    assert isinstance(result, NoAnswer)
