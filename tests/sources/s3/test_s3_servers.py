"""Servers that are not as MinIO is, and pages that are older than what is known."""

import asyncio
from collections import Counter
from dataclasses import replace
from urllib.request import Request as Asked
from urllib.request import urlopen

import pytest
from aiohttp import web

from broker.errors import Denied, HeadraceError, Invalid, Unavailable
from sources.s3.options import S3Options
from sources.s3.source import NO_STREAM, S3Source
from tests.servers.minio import MinioServer
from tests.sources.inside import Inside
from tests.sources.s3.front import fronted, is_listing, is_stream
from tests.sources.s3.peer import options_of, spec_of
from tests.sources.s3.watching import list_once, told, watch


def error(status: int, code: str) -> web.Response:
    return web.Response(status=status, text=f"<Error><Code>{code}</Code></Error>")


@pytest.mark.parametrize("status", [400, 501])
async def test_a_server_without_a_stream_is_listed_and_that_is_said_once(
    inside: Inside, minio: MinioServer, bucket: str, status: int
) -> None:
    async def without_stream(request: web.Request) -> web.Response | None:
        return error(status, "NotImplemented") if is_stream(request) else None

    minio.put(bucket, "key", b"1")
    async with fronted(minio, without_stream) as url:
        options = replace(options_of(minio, bucket), endpoint=url, reconcile_seconds=0.1)
        found = await S3Source(spec_of(options), inside.supplies).check()
        await watch(inside, options)
        await inside.until_stored(1)
        minio.put(bucket, "key", b"2")
        await inside.until_stored(2)
        await inside.stop()

    assert inside.notices == [NO_STREAM]
    assert "no stream" in found


async def test_what_came_while_a_page_was_on_its_way_is_not_taken_for_gone(
    inside: Inside, minio: MinioServer, bucket: str
) -> None:
    """The page is from before a put and a change whose notifications overtake it."""
    pages = 0

    async def late(request: web.Request) -> web.Response | None:
        nonlocal pages
        if not is_listing(request):
            return None
        pages += 1
        body = await page_of(minio, request)
        if pages == 2:
            minio.put(bucket, "new", b"1")
            minio.put(bucket, "old", b"2")
            minio.remove(bucket, "gone")
            await inside.until_stored(5)
        return web.Response(body=body, headers={"Server": "MinIO"})

    minio.put(bucket, "old", b"1")
    minio.put(bucket, "gone", b"1")
    async with fronted(minio, late) as url:
        await watch(inside, replace(options_of(minio, bucket), endpoint=url, reconcile_seconds=0.1))
        await inside.until(lambda: pages >= 3)
        await inside.stop()

    assert Counter(await told(inside)) == {
        ("Listed", "old"): 1,
        ("Listed", "gone"): 1,
        ("Put", "new"): 1,
        ("Put", "old"): 1,
        ("Delete", "gone"): 1,
    }


async def page_of(server: MinioServer, request: web.Request) -> bytes:
    asked = Asked(f"{server.url}{request.raw_path}", headers=dict(request.headers))

    def read() -> bytes:
        with urlopen(asked, timeout=10) as answer:
            return bytes(answer.read())

    return await asyncio.to_thread(read)


async def test_a_listing_cut_off_goes_on_at_the_key_that_is_stored(
    inside: Inside, minio: MinioServer, bucket: str
) -> None:
    asked: list[str] = []

    async def short_pages(request: web.Request) -> web.Response | None:
        if not is_listing(request):
            return None
        begin = request.query.get("start-after", "")
        asked.append(begin)
        after = int(request.query.get("continuation-token", begin or "0"))
        if after == 6 and not begin:
            return error(503, "SlowDown")
        key = after + 1
        entry = f"<Contents><Key>{key}</Key><LastModified>2026-05-04T12:00:00Z</LastModified>"
        more = (
            f"<IsTruncated>true</IsTruncated><NextContinuationToken>{key}</NextContinuationToken>"
        )
        rest = more if key < 9 else ""
        return web.Response(
            text=f"<ListBucketResult>{entry}<ETag>{key}</ETag></Contents>{rest}</ListBucketResult>"
        )

    async with fronted(minio, short_pages) as url:
        options = replace(options_of(minio, bucket), endpoint=url, is_listening=False)
        await watch(inside, options)
        assert inside.running is not None
        await asyncio.wait((inside.running,))
        before = len(asked)
        inside.standing.position = ""
        await watch(inside, options)
        await inside.until_stored(9)

    assert asked[:before] == [""] * before
    assert asked[before] == "6"
    assert [key for _, key in await told(inside)] == [f"{key}" for key in range(1, 10)]


async def test_a_server_of_another_order_is_looked_up_key_by_key(
    inside: Inside, minio: MinioServer, bucket: str
) -> None:
    async def reversed_order(request: web.Request) -> web.Response | None:
        if not is_listing(request):
            return None
        entries = "".join(
            f"<Contents><Key>{key}</Key><LastModified>2026-05-04T12:00:00Z</LastModified>"
            f"<ETag>{key}</ETag></Contents>"
            for key in ("c", "b", "a")
        )
        return web.Response(text=f"<ListBucketResult>{entries}</ListBucketResult>")

    async with fronted(minio, reversed_order) as url:
        options = replace(options_of(minio, bucket), endpoint=url)
        await list_once(inside, options)
        await list_once(inside, options)

    assert await told(inside) == [("Listed", "c"), ("Listed", "b"), ("Listed", "a")]
    assert any("order of their bytes" in notice for notice in inside.notices)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (403, "ExpiredToken", Denied),
        (403, "RequestTimeTooSkewed", Denied),
        (301, "PermanentRedirect", Invalid),
        (503, "SlowDown", Unavailable),
        (200, "", Unavailable),
    ],
)
async def test_what_a_server_refuses_ends_the_run_with_its_reason(
    inside: Inside, minio: MinioServer, bucket: str, status: int, code: str, kind: type[Exception]
) -> None:
    async def refuse(_: web.Request) -> web.Response | None:
        return error(status, code)

    async with fronted(minio, refuse) as url:
        options = replace(options_of(minio, bucket), endpoint=url)
        inside.start(S3Source(spec_of(options), inside.supplies), spec_of(options))
        assert inside.running is not None
        await asyncio.wait((inside.running,))

    assert isinstance(inside.running.exception(), kind)


async def test_an_answer_without_end_is_given_up(
    inside: Inside, minio: MinioServer, bucket: str
) -> None:
    async def endless(request: web.Request) -> web.StreamResponse | None:
        if not is_listing(request):
            return None
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(1_000):
            await response.write(b" " * 64 * 1024)
        return response

    async with fronted(minio, endless) as url:
        options = replace(options_of(minio, bucket), endpoint=url)
        with pytest.raises(Unavailable) as caught:
            await S3Source(spec_of(options), inside.supplies).check()

    assert caught.value.code == "not-s3"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"bucket": "no-such-bucket"}, "no-such-bucket"),
        ({"endpoint": "http://no-such-host.invalid"}, "unavailable"),
        ({"endpoint": "http://127.0.0.1:1"}, "unavailable"),
        ({"credentials": None}, "access-denied"),
    ],
)
async def test_a_check_says_what_is_wrong(
    inside: Inside, minio: MinioServer, bucket: str, changed: dict[str, object], code: str
) -> None:
    options = replace(options_of(minio, bucket), **changed)  # type: ignore[arg-type]

    with pytest.raises(HeadraceError) as caught:
        await S3Source(spec_of(options), inside.supplies).check()

    assert caught.value.code == code
    assert caught.value.remedy


async def test_a_check_says_whether_the_bucket_has_versions_and_a_stream(
    inside: Inside, minio: MinioServer, versioned: str
) -> None:
    found = await S3Source(spec_of(options_of(minio, versioned)), inside.supplies).check()

    assert (
        found
        == f"bucket {versioned} (versioned) can be listed; its stream of notifications is there"
    )


async def test_a_stream_of_something_else_ends_the_run(
    inside: Inside, minio: MinioServer, bucket: str
) -> None:
    async def page(request: web.Request) -> web.Response | None:
        return web.Response(text="<html>\nSign in</html>\n") if is_stream(request) else None

    async with fronted(minio, page) as url:
        await watch(inside, replace(options_of(minio, bucket), endpoint=url))
        assert inside.running is not None
        await asyncio.wait((inside.running,))

    assert "brought something else" in str(inside.running.exception())


async def test_notifications_of_another_bucket_are_left_out_and_that_is_said(
    inside: Inside, minio: MinioServer, bucket: str
) -> None:
    options: S3Options = options_of(minio, bucket)

    async def other_name(request: web.Request) -> web.StreamResponse | None:
        if not is_stream(request):
            return None
        response = web.StreamResponse()
        await response.prepare(request)
        line = (
            b'{"Records":[{"eventName":"s3:ObjectCreated:Put","eventTime":"2026-05-04T12:00:00Z",'
            b'"s3":{"bucket":{"name":"other"},"object":{"key":"k"}}}]}\n'
        )
        await response.write(line)
        return response

    async with fronted(minio, other_name) as url:
        await watch(inside, replace(options, endpoint=url))
        assert inside.running is not None
        await asyncio.wait((inside.running,))

    assert await inside.stored() == []
    assert any("'other'" in notice for notice in inside.notices)
