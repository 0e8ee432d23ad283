"""One connection over a real socket: order, framing, refusals; on both event loops."""

import pytest

from broker.http_limits import HttpLimits
from broker.http_message import Answer
from tests.broker.conftest import Serve
from tests.broker.door import Echo, post, until

CHUNKED = b"POST /a HTTP/1.1\r\nhost: here\r\ntransfer-encoding: chunked\r\n\r\n"


async def test_requests_on_one_connection_are_answered_in_turn(serve: Serve) -> None:
    peer = await (await serve(Echo())).peer()

    first = await peer.ask(post(b"/1", b"one"))
    second = await peer.ask(post(b"/2", b"two"))

    assert (first.body, second.body) == (b"/1 one", b"/2 two")
    assert "connection" not in first.headers
    assert "date" in first.headers


async def test_pipelined_requests_are_answered_in_order_however_the_bytes_arrive(
    serve: Serve,
) -> None:
    chunked = CHUNKED.replace(b"/a", b"/2") + b"3\r\ntwo\r\n0\r\n\r\n"
    raw = post(b"/1", b"one") + chunked + b"\r\n" + post(b"/3") + post(b"/4", b"four")
    peer = await (await serve(Echo())).peer()

    for size in (1, 7, 64, len(raw)):
        await peer.send(*(raw[at : at + size] for at in range(0, len(raw), size)))
        bodies = [(await peer.answer()).body for _ in range(4)]

        assert bodies == [b"/1 one", b"/2 two", b"/3 ", b"/4 four"]


async def test_one_request_at_a_time_reaches_the_route(serve: Serve) -> None:
    route = Echo(holds=True)
    peer = await (await serve(route)).peer()
    await peer.send(post(b"/1") + post(b"/2"), post(b"/3"))
    await until(lambda: route.held)

    for number in (1, 2, 3):
        await until(lambda: len(route.held))
        assert len(route.seen) == number
        assert len(route.held) == 1
        route.held.pop()(Answer(200, (), b"%d" % number))
        assert (await peer.answer()).body == b"%d" % number


async def test_a_peer_that_pipelines_without_end_is_not_read_any_more(serve: Serve) -> None:
    route = Echo(holds=True)
    served = await serve(route, HttpLimits(held_bytes_max=1000))
    peer = await served.peer()

    flood = post(b"/1") * 300_000
    peer.writer.write(flood)
    await until(lambda: route.held)
    unsent = peer.writer.transport.get_write_buffer_size()

    assert unsent > 1_000_000
    peer.writer.transport.abort()


@pytest.mark.parametrize("early", [b"", b"ab"])
async def test_an_answer_from_the_head_alone_keeps_a_connection_whose_body_is_here(
    serve: Serve, early: bytes
) -> None:
    peer = await (await serve(Echo())).peer()

    refused = await peer.ask(post(b"/nowhere", early))
    after = await peer.ask(post(b"/1"))

    assert (refused.status, after.status) == (404, 200)


async def test_an_answer_from_the_head_alone_closes_where_the_body_is_still_to_come(
    serve: Serve,
) -> None:
    peer = await (await serve(Echo())).peer()

    told = await peer.ask(post(b"/nowhere", b"abc")[:-1])

    assert (told.status, told.headers["connection"]) == (404, "close")
    assert await peer.is_closed()


async def test_a_declared_length_over_the_bound_is_refused_before_the_body(serve: Serve) -> None:
    route = Echo(body_bytes_max=10)
    peer = await (await serve(route)).peer()

    told = await peer.ask(b"POST /a HTTP/1.1\r\nhost: here\r\ncontent-length: 11\r\n\r\n")

    assert (told.status, told.headers["connection"]) == (413, "close")
    assert await peer.is_closed()
    assert not route.seen


async def test_a_chunked_body_over_the_bound_is_refused_at_the_bound(serve: Serve) -> None:
    peer = await (await serve(Echo(body_bytes_max=10))).peer()

    told = await peer.ask(CHUNKED, b"a\r\n0123456789\r\n", b"1\r\nx\r\n")

    assert (told.status, told.problem["code"]) == (413, "too-large")
    assert await peer.is_closed()


async def test_the_go_ahead_is_given_after_the_length_was_judged(serve: Serve) -> None:
    served = await serve(Echo(body_bytes_max=10))
    peer = await served.peer()
    head = b"POST /a HTTP/1.1\r\nhost: here\r\nexpect: 100-continue\r\ncontent-length: %d\r\n\r\n"

    go_ahead = await peer.ask(head % 2)
    told = await peer.ask(b"ab")
    refused = await served.ask(head % 11)

    assert (go_ahead.status, told.body, refused.status) == (100, b"/a ab", 413)


async def test_the_go_ahead_is_left_out_where_the_body_came_along(serve: Serve) -> None:
    told = await (await serve(Echo())).ask(post(b"/a", b"ab", b"expect: 100-continue"))

    assert (told.status, told.body) == (200, b"/a ab")


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"POST / HTTP/1.1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\nhost: here\n\n", 400),
        (b"hello\r\n", 400),
        (CHUNKED + b"1\r\na\r\n0\r\na: b\r\n\r\n", 400),
        (CHUNKED + b"x\r\n", 400),
        (b"POST /" + b"a" * 9000, 414),
        (post(b"/a", b"", *[b"a: b"] * 64), 431),
        (b"POST / HTTP/1.1\r\na: " + b"b" * 33_000, 431),
        (post(b"/a", b"", b"expect: nothing"), 417),
        (b"BREW / HTTP/1.1\r\nhost: here\r\n\r\n", 405),
    ],
)
async def test_a_refused_request_is_told_why_and_the_connection_closed(
    serve: Serve, raw: bytes, status: int
) -> None:
    peer = await (await serve(Echo())).peer()

    told = await peer.ask(raw)

    assert (told.status, told.headers["connection"]) == (status, "close")
    assert told.headers["content-type"] == "application/problem+json"
    assert told.problem["code"]
    assert await peer.is_closed()


async def test_what_follows_a_refused_request_is_not_served(serve: Serve) -> None:
    route = Echo()
    smuggled = post(b"/smuggled")
    head = (
        b"POST /a HTTP/1.1\r\nhost: here\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    peer = await (await serve(route)).peer()

    told = await peer.ask(head + b"0\r\n\r\n" + smuggled)

    assert told.status == 400
    assert await peer.is_closed()
    assert not route.seen


async def test_a_refusal_reaches_a_peer_that_is_still_sending(serve: Serve) -> None:
    peer = await (await serve(Echo(body_bytes_max=10))).peer()

    told = await peer.ask(post(b"/a", b"x" * 500_000))

    assert told.status == 413


async def test_http_1_0_is_answered_and_closed_unless_it_asks_to_be_kept(serve: Serve) -> None:
    served = await serve(Echo())
    kept = await served.peer()

    once = await served.ask(b"POST /a HTTP/1.0\r\n\r\n")
    first = await kept.ask(post(b"/1", b"", b"connection: keep-alive", version=b"HTTP/1.0"))

    assert once.headers["connection"] == "close"
    assert await served.peers[1].is_closed()
    assert first.headers["connection"] == "keep-alive"
    assert (await kept.ask(post(b"/2"))).body == b"/2 "


async def test_a_half_closed_peer_gets_its_answers(serve: Serve) -> None:
    route = Echo(holds=True)
    peer = await (await serve(route)).peer()
    await peer.send(post(b"/1") + post(b"/2"))
    peer.writer.write_eof()

    for _ in range(2):
        await until(lambda: route.held)
        route.held.pop()(Answer(202))

        assert (await peer.answer()).status == 202
    assert await peer.is_closed()


async def test_an_upgrade_with_a_chunked_body_is_taken_as_http_1_1(serve: Serve) -> None:
    upgrade = b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMA\r\n"
    head = CHUNKED.replace(b"host: here\r\n", b"host: here\r\n" + upgrade)
    peer = await (await serve(Echo())).peer()

    told = await peer.ask(head + b"2\r\nab\r\n0\r\n\r\n")

    assert told.body == b"/a ab"
    assert (await peer.ask(post(b"/1"))).body == b"/1 "


async def test_an_answer_to_head_has_no_body(serve: Serve) -> None:
    peer = await (await serve(Echo())).peer()
    await peer.send(b"HEAD /a HTTP/1.1\r\nhost: here\r\n\r\n")

    told = await peer.answer(has_body=False)

    assert told.headers["content-length"] == "3"
    assert (await peer.ask(post(b"/1"))).body == b"/1 "


async def test_an_answer_for_a_peer_that_left_is_dropped(serve: Serve) -> None:
    route = Echo(holds=True)
    served = await serve(route)
    peer = await served.peer()
    await peer.send(post(b"/1"))
    await until(lambda: route.held)

    peer.reset()
    await served.emptied()
    route.held.pop()(Answer(202))

    assert not served.server.counts.answers
