import asyncio
import base64
import time

import pytest
from standardwebhooks import Webhook

from broker.clock import SteadyClock
from broker.codec import decode_structured
from broker.delivery import Delivered, Failed, OutcomeClass, Reason
from broker.errors import Invalid, Unavailable
from sinks.http import HttpSink
from sinks.http_client import HttpClient
from sinks.spec import HttpSinkSpec, Signing
from tests.sinks.conftest import MakeSink, Serve
from tests.sinks.making import a_delivery, an_event
from tests.sinks.server import ACCEPTED, answering, with_body

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def soon() -> float:
    return time.monotonic() + 60.0


async def test_a_delivery_writes_the_stored_event_and_says_which_attempt_it_is(
    sink_at: MakeSink, serve: Serve
) -> None:
    server = await serve(answering(ACCEPTED))
    event = an_event(subject="a é", traceparent=TRACE)

    outcomes = await sink_at(server.url).deliver([a_delivery(event, attempt=3)], soon())

    request = server.requests[0]
    assert isinstance(outcomes[0], Delivered)
    assert request.raw.startswith(b"POST /in HTTP/1.1\r\nhost: 127.0.0.1:")
    assert event.head in request.raw
    assert request.body == event.data
    assert request.headers["headrace-delivery"] == "delivery1"
    assert request.headers["headrace-attempt"] == "3"
    assert request.headers["prefer"] == "reply"
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["traceparent"] == TRACE


@pytest.mark.parametrize("value", ["x", TRACE.upper(), "ff" + TRACE[2:], TRACE + "\u00e9"])
async def test_only_a_valid_traceparent_becomes_a_header_of_its_own(
    sink_at: MakeSink, serve: Serve, value: str
) -> None:
    server = await serve(answering(ACCEPTED))

    await sink_at(server.url).deliver([a_delivery(an_event(traceparent=value))], soon())

    assert "traceparent" not in server.requests[0].headers


async def test_an_extension_never_becomes_a_control_header(sink_at: MakeSink, serve: Serve) -> None:
    server = await serve(answering(ACCEPTED))
    event = an_event(authorization="Bearer x", cookie="a=b", host="evil", connection="close")

    await sink_at(server.url).deliver([a_delivery(event)], soon())

    headers = server.requests[0].headers
    assert headers["ce-authorization"] == "bearer%20x"
    assert not {"authorization", "cookie", "connection"} & set(headers)
    assert headers["host"] == f"127.0.0.1:{server.port}"


async def test_an_event_without_data_has_no_body(sink_at: MakeSink, serve: Serve) -> None:
    server = await serve(answering(ACCEPTED))

    await sink_at(server.url).deliver([a_delivery(an_event(data=None))], soon())

    assert server.requests[0].headers["content-length"] == "0"
    assert "content-type" not in server.requests[0].headers


async def test_format_json_sends_the_whole_event_as_the_body(
    client: HttpClient, serve: Serve
) -> None:
    server = await serve(answering(ACCEPTED))
    sink = HttpSink(HttpSinkSpec(server.url, format="json"), client, SteadyClock())
    event = an_event()

    await sink.deliver([a_delivery(event)], soon())

    request = server.requests[0]
    assert request.headers["content-type"] == "application/cloudevents+json"
    assert decode_structured(request.body).attributes == event.attributes
    assert not [name for name in request.headers if name.startswith("ce-")]


@pytest.mark.parametrize("format", ["binary", "json"])
async def test_a_peer_verifies_the_signature_of_the_bytes_it_got(
    client: HttpClient, serve: Serve, format: str
) -> None:
    server = await serve(answering(ACCEPTED))
    secret = "whsec_" + base64.b64encode(b"k" * 32).decode()
    spec = HttpSinkSpec(server.url, format=format, signing=Signing(secret))  # type: ignore[arg-type]

    await HttpSink(spec, client, SteadyClock()).deliver([a_delivery()], soon())

    request = server.requests[0]
    signed = request.raw.split(b"webhook-signature: ")[1].split(b"\r\n")[0].decode()
    Webhook(secret).verify(request.body, {**request.headers, "webhook-signature": signed})
    assert request.headers["webhook-id"] == "delivery1"


async def test_a_batch_comes_back_in_its_order(sink_at: MakeSink, serve: Serve) -> None:
    server = await serve(answering(ACCEPTED))

    outcomes = await sink_at(server.url).deliver([a_delivery(number=n) for n in (1, 2, 3)], soon())

    assert [outcome.status for outcome in outcomes] == [202, 202, 202]


async def test_a_reply_in_binary_mode_is_an_event(sink_at: MakeSink, serve: Serve) -> None:
    headers = ("CE-SpecVersion: 1.0", "ce-id: r", "ce-source: /r", "ce-type: t")
    server = await serve(answering(with_body("200 OK", b"x", *headers, "content-type: a/b")))

    (outcome,) = await sink_at(server.url).deliver([a_delivery()], soon())

    assert isinstance(outcome, Delivered)
    assert outcome.reply is not None
    assert (outcome.reply.id, outcome.reply.data) == ("r", b"x")


async def test_a_silent_sink_costs_the_deadline_and_no_more(
    sink_at: MakeSink, serve: Serve
) -> None:
    server = await serve(lambda _exchange: asyncio.Event().wait())  # type: ignore[arg-type,return-value]
    sink = sink_at(server.url)
    await sink.probe()  # so that none of the time goes into connecting
    began = time.monotonic()

    (outcome,) = await sink.deliver([a_delivery()], began + 0.2)

    assert isinstance(outcome, Failed)
    assert outcome.outcome_class is OutcomeClass.TRANSIENT
    assert outcome.evidence.phase == "timeout"
    assert 0.1 < time.monotonic() - began < 60.0


@pytest.mark.parametrize("is_tried", [True, False])
async def test_an_answer_that_nobody_waits_for_any_more_disturbs_nobody(
    sink_at: MakeSink, serve: Serve, is_tried: bool
) -> None:
    server = await serve(lambda _exchange: asyncio.Event().wait())  # type: ignore[arg-type,return-value]
    defects: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: defects.append(told))
    sink, until = sink_at(server.url), time.monotonic() + 0.5
    await sink.probe()
    given = a_delivery()
    posting = asyncio.ensure_future(
        sink.try_one(given, until) if is_tried else sink.deliver([given], until)
    )
    await asyncio.sleep(0)  # it is sent

    posting.cancel()
    await asyncio.wait([posting])
    async with asyncio.timeout(60):
        while sink._pool.open_connections:
            await asyncio.sleep(0.01)

    assert defects == []


async def test_a_redirect_is_a_refusal(sink_at: MakeSink, serve: Serve) -> None:
    canary = await serve(answering(ACCEPTED))
    server = await serve(answering(with_body("307 Go", b"", f"location: {canary.url}")))

    (outcome,) = await sink_at(server.url).deliver([a_delivery()], soon())

    assert isinstance(outcome, Failed)
    assert (outcome.status, outcome.reason) == (307, Reason.REFUSED)
    assert canary.connections == 0


async def test_a_probe_connects_and_says_why_it_cannot(sink_at: MakeSink, serve: Serve) -> None:
    server = await serve(answering(ACCEPTED))
    sink = sink_at(server.url)

    await sink.probe()
    await server.close()

    with pytest.raises(Unavailable, match="connection"):
        await sink.probe()


def test_a_bad_url_or_secret_is_refused_when_the_sink_is_made(client: HttpClient) -> None:
    with pytest.raises(Invalid):
        HttpSink(HttpSinkSpec("ftp://x/"), client, SteadyClock())
    with pytest.raises(Invalid):
        HttpSink(HttpSinkSpec("http://x/", signing=Signing("x")), client, SteadyClock())
