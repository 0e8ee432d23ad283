"""Notifications by webhook: checked at the door, told once, answered after the commit."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from broker.clock import SteadyClock
from broker.codec import Limits
from broker.errors import Overloaded
from broker.http_message import Answer
from broker.http_server import HttpServer
from broker.intake_options import IntakeOptions
from sources.refused import REFUSED_TYPE
from sources.s3.options import S3Options
from sources.s3.receiving import WAITING_MAX, Receiving
from sources.s3.source import S3Source
from sources.s3.teller import Teller
from sources.s3.wanted import Wanted
from tests.servers.minio import MinioServer, Webhook
from tests.servers.ports import free_ports
from tests.sources.inside import Inside
from tests.sources.s3.notified import notification
from tests.sources.s3.peer import bucket_of, options_of, spec_of
from tests.sources.s3.watching import told, watch
from tests.sources.webhook.sending import Answered, post, request

TOKEN = "a-token-of-both"
PATH = "/sources/default/photos"
BEARER = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}


@asynccontextmanager
async def serving(source: S3Source, port: int = 0) -> AsyncIterator[int]:
    server = HttpServer({PATH: source}, SteadyClock())
    _, bound = await server.start("127.0.0.1", port)
    try:
        yield bound
    finally:
        server.close()


def hooked(server: MinioServer, bucket: str) -> S3Options:
    return replace(options_of(server, bucket), is_listening=False, webhook_token=TOKEN)


@pytest.mark.parametrize("queued", [False, True])
async def test_what_minio_posts_is_told_once_and_lost_or_late_is_found_by_the_listing(
    inside: Inside, start_minio: Callable[[Webhook], MinioServer], tmp_path: Path, queued: bool
) -> None:
    (port,) = free_ports(1)
    queue = tmp_path / "queue" if queued else None
    url = f"http://127.0.0.1:{port}{PATH}"
    server = await asyncio.to_thread(start_minio, Webhook(url, TOKEN, queue))
    bucket = bucket_of(server)
    await asyncio.to_thread(server.notify, bucket)
    options = hooked(server, bucket)
    source = await watch(inside, options)
    async with serving(source, port):
        await asyncio.to_thread(server.put, bucket, "first", b"1")
        await asyncio.to_thread(server.remove, bucket, "first")
        await inside.until_stored(2)
        await inside.stop()
    await asyncio.to_thread(server.put, bucket, "nobody took it", b"2")

    source = await watch(inside, options)
    async with serving(source, port):
        await asyncio.to_thread(server.put, bucket, "last", b"3")
        await inside.until_stored(4)

    # The server posts each notification by itself, in no order.
    assert sorted((await told(inside))[:2]) == [("Delete", "first"), ("Put", "first")]
    assert sorted(key for _, key in (await told(inside))[2:]) == ["last", "nobody took it"]


@asynccontextmanager
async def taking(inside: Inside, options: S3Options) -> AsyncIterator[int]:
    """A source that takes notifications, its first listing done; gives its port."""
    source = await watch(inside, options)
    await inside.until(lambda: "complete" in inside.standing.position)
    async with serving(source) as port:
        yield port


async def test_doubled_and_reordered_notifications_are_told_once_each(
    inside: Inside, minio: MinioServer, bucket: str
) -> None:
    bodies = [
        notification(bucket, "key", "03", "ObjectRemoved:Delete"),
        notification(bucket, "key", "01"),
        notification(bucket, "key", "02"),
        notification("another-bucket", "key", "04"),
    ]

    async with taking(inside, hooked(minio, bucket)) as port:
        answers = [await post(port, PATH, BEARER, body) for body in bodies * 2]

    assert {answer.status for answer in answers} == {200}
    assert await told(inside) == [("Delete", "key"), ("Put", "key"), ("Put", "key")]


async def test_an_answer_comes_after_the_commit(
    inside: Inside, minio: MinioServer, bucket: str
) -> None:
    async with taking(inside, hooked(minio, bucket)) as port:
        answer = await post(port, PATH, BEARER, notification(bucket, "key", "01"))

        assert answer.status == 200
        assert len(await inside.stored()) == 1


async def test_who_has_no_token_is_refused_before_the_body_is_read(
    inside: Inside, minio: MinioServer, bucket: str
) -> None:
    body = notification(bucket, "key", "01")
    wrong = [{}, {"authorization": f"Bearer {TOKEN}x"}, {"authorization": f"Basic {TOKEN}"}]

    async with taking(inside, hooked(minio, bucket)) as port:
        answers = [await post(port, PATH, headers, body) for headers in wrong]

    assert [answer.status for answer in answers] == [401] * 3
    assert await inside.stored() == []


async def test_a_question_whether_somebody_is_there_is_answered(
    inside: Inside, minio: MinioServer, bucket: str
) -> None:
    async with taking(inside, hooked(minio, bucket)) as port:
        head = await post(port, PATH, {}, b"", "HEAD")
        get = await post(port, PATH, BEARER, b"", "GET")
        test = await post(port, PATH, BEARER, b'{"Event":"s3:TestEvent"}')
        broken = await post(port, PATH, BEARER, b"{")

    assert [one.status for one in (head, get, test, broken)] == [200, 405, 200, 400]


async def test_without_a_token_in_its_settings_no_webhook_is_served(
    inside: Inside, minio: MinioServer, bucket: str
) -> None:
    async with taking(inside, options_of(minio, bucket)) as port:
        answer = await post(port, PATH, {"authorization": "Bearer "}, b"{}")

    assert answer.status == 404


async def test_a_source_that_does_not_run_says_to_come_again(
    inside: Inside, minio: MinioServer, bucket: str
) -> None:
    source = S3Source(spec_of(hooked(minio, bucket)), inside.supplies)

    async with serving(source) as port:
        answer = await post(port, PATH, BEARER, notification(bucket, "key", "01"))

    assert answer.status == 503
    assert b"retry-after" in answer.head.lower()


async def test_while_the_broker_takes_nothing_senders_wait_up_to_a_bound(
    inside: Inside, minio: MinioServer, bucket: str
) -> None:
    async with taking(inside, hooked(minio, bucket)) as port:
        inside.refusal = Overloaded("full", retry_after_seconds=0.05)
        sending = [
            asyncio.create_task(post(port, PATH, BEARER, notification(bucket, f"{n}", "01")))
            for n in range(WAITING_MAX + 5)
        ]
        refused, _ = await first(sending, 5)
        inside.refusal = None
        answers = [await one for one in sending]

    assert {one.status for one in refused} == {503}
    assert sorted(one.status for one in answers) == [200] * WAITING_MAX + [503] * 5
    assert len(await inside.stored()) == WAITING_MAX


async def first(
    sending: list["asyncio.Task[Answered]"], count: int
) -> tuple[list[Answered], set["asyncio.Task[Answered]"]]:
    """The first `count` answers, and who still waits."""
    waiting = set(sending)
    done: set[asyncio.Task[Answered]] = set()
    async with asyncio.timeout(20):
        while len(done) < count:
            some, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            done |= some
    return [one.result() for one in done], waiting


async def test_a_record_over_the_limit_of_the_broker_is_told_about_and_answered(
    minio: MinioServer, bucket: str
) -> None:
    small = Inside(options=IntakeOptions(limits=Limits(event_bytes=2_000)))
    await small.open()
    body = orjson.loads(notification(bucket, "key", "01"))
    body["Records"][0]["more"] = "x" * 3_000

    async with taking(small, hooked(minio, bucket)) as port:
        answer = await post(port, PATH, BEARER, orjson.dumps(body))
        longer = await post(port, PATH, BEARER, b" " * 1_100_000)

    assert (answer.status, longer.status) == (200, 413)
    assert [one.event.type for one in await small.stored()] == [REFUSED_TYPE]
    await small.close()


async def test_a_sender_is_not_kept_waiting_longer_than_its_time(inside: Inside) -> None:
    spec = spec_of(S3Options("photos", "http://127.0.0.1:9000"))
    teller = Teller(spec, inside.outlet(spec), inside.clock, Wanted(spec.options))
    receiving = Receiving(TOKEN, answer_seconds_max=0.05)
    running = asyncio.create_task(receiving.run(teller))
    await asyncio.sleep(0)
    inside.refusal = Overloaded("full", retry_after_seconds=0.05)
    answered: asyncio.Queue[Answer] = asyncio.Queue()

    receiving.receive(request(BEARER, notification("photos", "key", "01")), answered.put_nowait)
    busy = await answered.get()
    inside.refusal = None
    await inside.until_stored(1)
    receiving.receive(request(BEARER, notification("photos", "key", "01")), answered.put_nowait)
    taken = await answered.get()

    running.cancel()
    assert (busy.status, taken.status) == (503, 200)
    assert len(await inside.stored()) == 1
