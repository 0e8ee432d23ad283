"""A bucket without versions: what happens in it is told once, whichever intake sees it."""

import asyncio
from dataclasses import replace

import orjson
from minio.commonconfig import CopySource

from tests.servers.fault_proxy import FaultProxy
from tests.servers.minio import MinioServer
from tests.sources.inside import Inside
from tests.sources.s3.peer import options_of
from tests.sources.s3.watching import (
    ledger,
    list_once,
    listing_of,
    put_in_parts,
    told,
    told_by,
    watch,
)

STRANGE_KEYS = ["a b/ü+~.txt", "100%25 of it", "line\nbreak", "a-b", "a/b", "😀", "quote\"'<&>"]


async def test_each_way_of_putting_and_a_removal_are_told_by_their_names(
    inside: Inside, minio: MinioServer, bucket: str
) -> None:
    await watch(inside, options_of(minio, bucket))

    minio.put(bucket, "one", b"1")
    minio.client.copy_object(bucket, "copy", CopySource(bucket, "one"))
    put_in_parts(minio, bucket, "large")
    minio.remove(bucket, "one")

    await inside.until_stored(4)
    assert sorted(await told(inside)) == [
        ("CompleteMultipartUpload", "large"),
        ("Copy", "copy"),
        ("Delete", "one"),
        ("Put", "one"),
    ]


async def test_a_listing_tells_what_no_notification_did_and_nothing_else(
    inside: Inside, minio: MinioServer, bucket: str
) -> None:
    minio.put(bucket, "before", b"1")
    await watch(inside, options_of(minio, bucket))
    await inside.until_stored(1)
    minio.put(bucket, "while", b"2")
    await inside.until_stored(2)
    await inside.stop()
    minio.put(bucket, "after", b"3")
    minio.put(bucket, "before", b"4")
    minio.remove(bucket, "while")

    await list_once(inside, options_of(minio, bucket))
    await list_once(inside, options_of(minio, bucket))

    assert await told(inside) == [
        ("Listed", "before"),
        ("Put", "while"),
        ("Listed", "before"),
        ("Delete", "while"),
        ("Listed", "after"),
    ]


async def test_strange_keys_are_the_same_seen_by_stream_and_by_listing(
    inside: Inside, minio: MinioServer, bucket: str
) -> None:
    await watch(inside, options_of(minio, bucket))
    for key in STRANGE_KEYS:
        minio.put(bucket, key, key.encode())
    by_stream = [told_by(one)[1] for one in await inside.until_stored(len(STRANGE_KEYS))]
    await inside.stop()

    await list_once(inside, options_of(minio, bucket))
    for key in STRANGE_KEYS:
        minio.put(bucket, key, b"other")
    await list_once(inside, options_of(minio, bucket))

    by_listing = [told_by(one)[1] for one in (await inside.stored())[len(STRANGE_KEYS) :]]
    assert sorted(by_stream) == sorted(by_listing)
    assert set(by_stream) >= set(STRANGE_KEYS) - {"line\nbreak"}
    assert "line%0Abreak" in by_stream


async def test_a_listing_that_overtakes_the_stream_is_not_repeated_by_it(
    inside: Inside, minio: MinioServer, bucket: str
) -> None:
    """Notifications wait in a stalled connection while another listing tells of the objects."""
    port = int(minio.url.rpartition(":")[2])
    with FaultProxy("127.0.0.1", port) as proxy:
        behind = replace(options_of(minio, bucket), endpoint=f"http://{proxy.address}")
        await watch(inside, behind)
        await inside.until(lambda: "complete" in inside.standing.position)
        proxy.stall()
        for number in range(10):
            minio.put(bucket, f"{number}", b"x")
        first, inside.running = inside.running, None
        await list_once(inside, options_of(minio, bucket))
        proxy.mend()
        inside.running = first
        minio.put(bucket, "last", b"y")

        stored = await inside.until_stored(11)

    assert [told_by(one) for one in stored][-1] == ("Put", "last")
    assert len(stored) == 11


async def test_a_cut_stream_loses_nothing(inside: Inside, minio: MinioServer, bucket: str) -> None:
    port = int(minio.url.rpartition(":")[2])
    with FaultProxy("127.0.0.1", port) as proxy:
        options = replace(options_of(minio, bucket), endpoint=f"http://{proxy.address}")
        for number in range(9):
            if number % 3 == 0:
                await inside.stop()
                proxy.mend()
                await watch(inside, options)
            if number % 3 == 1:
                proxy.cut()
            minio.put(bucket, f"{number}", f"{number}".encode())
        await inside.stop()
        proxy.mend()
        await watch(inside, options)
        await inside.until_stored(9)

    assert set((await ledger(inside)).values()) == {1}


async def test_a_silent_server_is_an_error_within_its_time(
    inside: Inside, minio: MinioServer, bucket: str
) -> None:
    await watch(inside, options_of(minio, bucket))
    running = inside.running
    assert running is not None

    minio.freeze()
    async with asyncio.timeout(40):
        await asyncio.wait((running,))
    minio.thaw()

    assert "in time" in str(running.exception())


async def test_prefix_suffix_and_glob_hold_for_stream_and_listing(
    inside: Inside, minio: MinioServer, bucket: str
) -> None:
    options = replace(options_of(minio, bucket), prefix="in/", suffix=".csv", glob="in/*/a*")
    for key in ("in/1/a.csv", "in/a.csv", "in/1/a.txt", "out/1/a.csv"):
        minio.put(bucket, key, b"x")
    await watch(inside, options)
    await inside.until_stored(1)

    for key in ("in/2/b.csv", "out/2/a.csv", "in/2/a.csv"):
        minio.put(bucket, key, b"x")

    await inside.until_stored(2)
    assert await told(inside) == [("Listed", "in/1/a.csv"), ("Put", "in/2/a.csv")]


async def test_only_what_comes_is_told_by_default_and_what_goes_is_remembered(
    inside: Inside, minio: MinioServer, bucket: str
) -> None:
    options = replace(listing_of(minio, bucket), tells_removed=False)
    minio.put(bucket, "key", b"x")
    await list_once(inside, options)
    minio.remove(bucket, "key")
    await list_once(inside, options)
    minio.put(bucket, "key", b"x")

    await list_once(inside, options)

    assert await told(inside) == [("Listed", "key")] * 2


async def test_a_narrower_filter_takes_nothing_for_gone(
    inside: Inside, minio: MinioServer, bucket: str
) -> None:
    for key in ("a/1", "b/1", "c/1"):
        minio.put(bucket, key, b"x")
    await list_once(inside, options_of(minio, bucket))

    await list_once(inside, replace(options_of(minio, bucket), prefix="b/"))

    assert {what for what, _ in await told(inside)} == {"Listed"}


async def test_the_data_of_an_event_is_the_notification_of_its_object(
    inside: Inside, minio: MinioServer, bucket: str
) -> None:
    await watch(inside, options_of(minio, bucket))

    minio.put(bucket, "a b", b"12345")

    (one,) = await inside.until_stored(1)
    data = orjson.loads(one.event.data or b"")
    assert data["eventName"] == "s3:ObjectCreated:Put"
    assert data["s3"]["object"]["key"] == "a+b"
    assert one.event.source == f"minio:s3..{bucket}"
    assert one.event.attributes["time"] == data["eventTime"].replace("Z", "000Z")
