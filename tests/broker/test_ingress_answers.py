"""The table of answers over real sockets: what a publisher hears, row by row."""

import gzip

import pytest

from broker.codec import Limits
from broker.errors import Draining, HeadraceError, StoreFull
from broker.ingress import Ingress
from broker.intake_options import IntakeOptions
from tests.broker.conftest import Serve
from tests.broker.door import Door, Served, Told, open_door, post

CE = (b"ce-specversion: 1.0", b"ce-source: /s", b"ce-type: t", b"content-type: text/plain")
JSON = b"content-type: application/cloudevents+json"
BATCH = b"content-type: application/cloudevents-batch+json"
OPTIONS = IntakeOptions(limits=Limits(event_bytes=65_536, batch_bytes=200_000, batch_events=10))


def binary(id: bytes = b"1", body: bytes = b"x", *more: bytes) -> bytes:
    return post(b"/n/b", body, b"ce-id: " + id, *CE, *more)


def json(id: str, data: str = "1", version: str = "1.0") -> bytes:
    return (
        f'{{"specversion":"{version}","id":"{id}","source":"/s","type":"t","data":{data}}}'.encode()
    )


async def start(
    serve: Serve, options: IntakeOptions = OPTIONS, refusal: HeadraceError | None = None
) -> tuple[Served, Door]:
    door = await open_door(options, is_eager=True, refuse=lambda: refusal)
    return await serve(Ingress({"n/b": door.intake})), door


async def ask(serve: Serve, raw: bytes) -> Told:
    served, _ = await start(serve)
    return await served.ask(raw)


async def test_202_has_an_empty_body_in_each_mode(serve: Serve) -> None:
    served, door = await start(serve)

    told = [
        await served.ask(binary()),
        await served.ask(post(b"/n/b", json("2"), JSON)),
        await served.ask(post(b"/n/b", b"[%b,%b]" % (json("3"), json("4")), BATCH)),
    ]

    assert [(answer.status, answer.body) for answer in told] == [(202, b"")] * 3
    assert [stored.event.id for stored in door.log.stored] == ["1", "2", "3", "4"]


async def test_data_is_stored_as_the_bytes_that_came(serve: Serve) -> None:
    served, door = await start(serve)
    data = bytes(range(256)) * 256

    await served.ask(binary(body=data))

    assert door.log.stored[0].event.data == data


async def test_a_repeat_is_202_and_marked(serve: Serve) -> None:
    served, _ = await start(serve)
    await served.ask(binary())

    told = await served.ask(binary())

    assert (told.status, told.headers["headrace-duplicate"]) == (202, "true")


async def test_a_batch_is_marked_only_if_all_of_it_was_stored_before(serve: Serve) -> None:
    served, _ = await start(serve)
    await served.ask(post(b"/n/b", b"[%b]" % json("1"), BATCH))

    partly = await served.ask(post(b"/n/b", b"[%b,%b]" % (json("1"), json("2")), BATCH))
    wholly = await served.ask(post(b"/n/b", b"[%b,%b]" % (json("1"), json("2")), BATCH))

    assert (partly.status, "headrace-duplicate" in partly.headers) == (202, False)
    assert (wholly.status, "headrace-duplicate" in wholly.headers) == (202, True)


@pytest.mark.parametrize(
    "raw",
    [
        post(b"/n/b", b"x", *CE),
        binary(b""),
        post(b"/n/b", b"x", b"ce-id: 1", b"ce-specversion: 0.3", *CE[1:]),
        binary(b"1", b"x", b"ce-time: yesterday"),
        binary(b"1", b"x", b"ce-Not-A-Name: x"),
        binary(b"1", b"x", b"ce-comment: %C0%A0"),
        binary(b"1", b"x", b"ce-comment: %0D%0A"),
        binary(b"1", b"x", b"ce-id: 2"),
        binary(b"1", b"x", b"ce-headracehops: 17"),
        post(b"/n/b", b'{"specversion":', JSON),
        post(b"/n/b", json("1", version="0.3"), JSON),
        post(b"/n/b", json("1", '1,"data_base64":"!"'), JSON),
        post(b"/n/b", b"[]", BATCH),
        post(b"/n/b", b"[%b,{}]" % json("1"), BATCH),
    ],
)
async def test_what_is_no_event_is_400_and_the_connection_stays(serve: Serve, raw: bytes) -> None:
    served, door = await start(serve)
    peer = await served.peer()

    told = await peer.ask(raw)
    after = await peer.ask(binary(b"good"))

    assert told.status == 400
    assert {"code", "detail", "remedy"} <= told.problem.keys()
    assert (after.status, len(door.log.stored)) == (202, 1)


async def test_a_bad_batch_names_each_bad_entry_and_nothing_is_stored(serve: Serve) -> None:
    served, door = await start(serve)
    body = b"[%b,{},%b,7]" % (json("1"), json("2"))

    told = await served.ask(post(b"/n/b", body, BATCH))

    assert [entry["index"] for entry in told.problem["entries"]] == [1, 3]
    assert not door.log.stored


async def test_the_path_and_unknown_brokers_are_404(serve: Serve) -> None:
    for target in (b"/", b"/n/other"):
        told = await ask(serve, post(target))

        assert (told.status, told.problem["code"]) == (404, "unknown-broker")


async def test_get_and_head_are_405_with_allow(serve: Serve) -> None:
    told = await ask(serve, b"GET /n/b HTTP/1.1\r\nhost: here\r\n\r\n")

    assert (told.status, told.headers["allow"]) == (405, "POST, OPTIONS")


async def test_options_is_200_with_the_handshake(serve: Serve) -> None:
    head = b"OPTIONS /n/b HTTP/1.1\r\nhost: here\r\nwebhook-request-origin: them.example\r\n\r\n"

    told = await ask(serve, head)

    assert (told.status, told.headers["webhook-allowed-origin"]) == (200, "*")


@pytest.mark.parametrize(
    "raw",
    [
        binary(b"1", b"x" * 65_537),
        post(b"/n/b", b"x" * 65_537, JSON),
        post(b"/n/b", b"x" * 200_001, BATCH),
        post(b"/n/b", b"[%b]" % b",".join([json(str(number)) for number in range(11)]), BATCH),
    ],
)
async def test_what_is_too_large_is_413(serve: Serve, raw: bytes) -> None:
    assert (await ask(serve, raw)).status == 413


async def test_64_kib_always_pass(serve: Serve) -> None:
    assert (await ask(serve, binary(b"1", b"x" * 65_536))).status == 202


@pytest.mark.parametrize(
    "raw",
    [
        post(b"/n/b", b"x", b"content-type: application/cloudevents+avro"),
        binary(b"1", gzip.compress(b"x" * 10_000_000), b"content-encoding: gzip"),
    ],
)
async def test_unknown_formats_and_encodings_are_415(serve: Serve, raw: bytes) -> None:
    assert (await ask(serve, raw)).status == 415


async def test_more_than_32_extensions_are_431(serve: Serve) -> None:
    more = [b"ce-x%d: y" % number for number in range(33)]

    assert (await ask(serve, binary(b"1", b"x", *more))).status == 431


async def test_other_data_under_the_same_id_is_409(serve: Serve) -> None:
    served, _ = await start(serve)
    await served.ask(binary())

    told = await served.ask(binary(body=b"other"))
    batch = await served.ask(post(b"/n/b", b"[%b,%b]" % (json("1"), json("2")), BATCH))

    assert (told.status, told.problem["code"]) == (409, "duplicate-differs")
    assert (batch.status, batch.problem["entries"][0]["index"]) == (409, 0)


async def test_a_publisher_over_its_rate_is_429(serve: Serve) -> None:
    served, _ = await start(serve, IntakeOptions(publish_rate_per_second=1.0))
    await served.ask(binary(b"1"))

    told = await served.ask(binary(b"2"))

    assert (told.status, told.headers["retry-after"]) == (429, "1")


@pytest.mark.parametrize(
    ("error", "status"), [(Draining("stopping"), 503), (StoreFull("backlog"), 507)]
)
async def test_what_cannot_be_taken_now_is_503_or_507_with_retry_after(
    serve: Serve, error: HeadraceError, status: int
) -> None:
    served, _ = await start(serve, OPTIONS, error)

    told = await served.ask(binary())

    assert (told.status, told.headers["retry-after"]) == (status, "1")
