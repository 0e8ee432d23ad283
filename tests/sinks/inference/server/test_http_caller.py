"""HttpCaller on real connections: replicas, quick tries, deadlines, credentials."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import orjson
import pytest

from broker.clock import SteadyClock
from broker.errors import Forbidden
from sinks.addresses import EgressPolicy
from sinks.http_client import HttpClient
from sinks.inference.protocol import ModelAnswer, ModelRequest
from sinks.inference.server.caller import CUT, Called, Unanswered
from sinks.inference.server.http_caller import HttpCaller
from sinks.inference_spec import Auth, InferenceSinkSpec, LimitSpec, TimeoutSpec
from sinks.spec import Egress
from tests.sinks.server import Behaviour, Exchange, SinkServer, with_body

REQUEST = ModelRequest("/v1/models/m:predict", (("content-type", "application/json"),), b"{}")
WELL = with_body("200 OK", b'{"predictions":[0]}')
Calling = Callable[..., HttpCaller]


@pytest.fixture
async def calling() -> AsyncIterator[Calling]:
    clock = SteadyClock()
    client = HttpClient(clock)

    def make(*urls: str, **fields: object) -> HttpCaller:
        spec = InferenceSinkSpec("default/m", "v1", urls[0], replicas=urls[1:], **fields)  # type: ignore[arg-type]
        policy = EgressPolicy(Egress())
        return HttpCaller(spec, lambda one: client.pool(one, policy), clock, lambda: 0.0)

    yield make
    await client.close()


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[Behaviour], Awaitable[SinkServer]]]:
    servers: list[SinkServer] = []

    async def start(behave: Behaviour) -> SinkServer:
        servers.append(SinkServer(behave))
        await servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        await server.close()


Serve = Callable[[Behaviour], Awaitable[SinkServer]]


def soon(seconds: float = 60.0) -> float:
    return time.monotonic() + seconds


async def until(is_so: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not is_so():
            await asyncio.sleep(0.01)


def always(answer: bytes) -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        await exchange.send(answer)

    return behave


def status_of(called: Called) -> int:
    assert isinstance(called, ModelAnswer), called
    return called.status


async def test_a_request_is_below_the_url_with_exactly_its_headers(
    serve: Serve, calling: Calling
) -> None:
    server = await serve(always(WELL))

    called = await calling(f"http://127.0.0.1:{server.port}/base").post(REQUEST, soon())

    assert status_of(called) == 200
    (request,) = server.requests
    assert request.line == "POST /base/v1/models/m:predict HTTP/1.1"
    assert request.headers["content-type"] == "application/json"
    assert request.body == b"{}"


async def test_where_nobody_listens_it_is_tried_three_times_and_was_not_sent(
    calling: Calling, refused_port: int
) -> None:
    began = time.monotonic()

    called = await calling(f"http://127.0.0.1:{refused_port}").post(REQUEST, soon())

    assert isinstance(called, Unanswered)
    assert (called.phase, called.was_sent) == ("connect", False)
    assert 0.04 < time.monotonic() - began < 30.0


async def test_another_replica_answers_where_one_does_not_listen(
    serve: Serve, calling: Calling, refused_port: int
) -> None:
    server = await serve(always(WELL))
    caller = calling(f"http://127.0.0.1:{refused_port}", f"http://127.0.0.1:{server.port}")

    assert status_of(await caller.post(REQUEST, soon())) == 200


async def test_a_call_that_is_sent_and_not_answered_says_so(serve: Serve, calling: Calling) -> None:
    async def silent(exchange: Exchange) -> None:
        await exchange.reader.read()

    server = await serve(silent)

    caller = calling(f"http://127.0.0.1:{server.port}")
    await caller.get("", soon())  # so that none of the time goes into connecting

    called = await caller.post(REQUEST, soon(0.2))

    assert isinstance(called, Unanswered)
    assert (called.phase, called.was_sent) == ("timeout", True)


async def test_an_answer_that_nobody_waits_for_any_more_disturbs_nobody(
    serve: Serve, calling: Calling
) -> None:
    async def silent(exchange: Exchange) -> None:
        await exchange.reader.read()

    server, defects = await serve(silent), list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _, told: defects.append(told))
    caller = calling(f"http://127.0.0.1:{server.port}")
    asking = asyncio.create_task(caller.post(REQUEST, soon(0.5)))
    await until(lambda: server.requests or asking.done())

    asking.cancel()
    await asyncio.wait([asking])
    await until(lambda: not server.tasks)  # the deadline closes its connection

    assert defects == []


async def test_the_first_byte_has_a_deadline_of_its_own(serve: Serve, calling: Calling) -> None:
    async def silent(exchange: Exchange) -> None:
        await exchange.reader.read()

    server = await serve(silent)
    timeouts = TimeoutSpec(first_byte_seconds=0.1)
    caller = calling(f"http://127.0.0.1:{server.port}", timeouts=timeouts)
    began = time.monotonic()

    called = await caller.post(REQUEST, soon())

    assert isinstance(called, Unanswered)
    assert time.monotonic() - began < 50.0


async def test_a_reused_connection_that_ends_is_not_sent_again_where_resend_is_never(
    serve: Serve, calling: Calling
) -> None:
    async def once(exchange: Exchange) -> None:
        if exchange.request.connection == 1 and len(server.requests) == 2:
            exchange.close()
        else:
            await exchange.send(WELL)

    server = await serve(once)
    url = f"http://127.0.0.1:{server.port}"
    never = calling(url, is_resent=False)
    await never.post(REQUEST, soon())

    called = await never.post(REQUEST, soon())

    assert isinstance(called, Unanswered)
    assert called.was_sent
    assert len(server.requests) == 2


async def test_an_answer_larger_than_allowed_is_cut_off(serve: Serve, calling: Calling) -> None:
    server = await serve(always(with_body("200 OK", b"0" * 5000)))
    caller = calling(f"http://127.0.0.1:{server.port}", limits=LimitSpec(max_response_bytes=1000))

    called = await caller.post(REQUEST, soon())

    assert isinstance(called, Unanswered)
    assert called.phase == CUT


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        (Auth("bearer", token="t-1"), "bearer t-1"),
        (Auth("basic", username="u", password="p"), "basic dtpw"),
    ],
)
async def test_credentials_go_with_each_call(
    serve: Serve, calling: Calling, auth: Auth, header: str
) -> None:
    server = await serve(always(WELL))

    await calling(f"http://127.0.0.1:{server.port}", auth=auth).post(REQUEST, soon())

    assert server.requests[0].headers["authorization"] == header


async def test_a_token_is_fetched_once_and_again_when_the_server_refuses_it(
    serve: Serve, calling: Calling
) -> None:
    async def tokens(exchange: Exchange) -> None:
        token = {"access_token": f"t-{len(token_server.requests)}", "expires_in": 3600}
        await exchange.send(with_body("200 OK", orjson.dumps(token)))

    async def model(exchange: Exchange) -> None:
        is_known = exchange.request.headers["authorization"] == "bearer t-2"
        await exchange.send(WELL if is_known else with_body("401 Unauthorized", b""))

    token_server, server = await serve(tokens), await serve(model)
    auth = Auth("oauth2", token_url=token_server.url, client_id="me", client_secret="s")
    caller = calling(f"http://127.0.0.1:{server.port}", auth=auth)

    statuses = [status_of(await caller.post(REQUEST, soon())) for _ in range(3)]

    assert statuses == [200, 200, 200]
    assert len(token_server.requests) == 2
    assert b"grant_type=client_credentials" in token_server.requests[0].body


async def test_a_token_url_that_refuses_is_for_somebody_to_mend(
    serve: Serve, calling: Calling
) -> None:
    refusing = await serve(always(with_body("401 Unauthorized", b"")))
    auth = Auth("oauth2", token_url=refusing.url, client_id="me", client_secret="hush")

    with pytest.raises(Forbidden, match="401") as refused:
        await calling("http://127.0.0.1:9999", auth=auth).post(REQUEST, soon())

    assert "hush" not in str(refused.value)
