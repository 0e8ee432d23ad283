"""Large replies in a bucket of a real S3 server."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

from broker.clock import SteadyClock
from broker.delivery import Delivered, Failed, Outcome, OutcomeClass
from broker.event import Event
from sinks.file_batch.spec import S3Access, S3Keys
from sinks.inference.overflow import Large, Overflow
from sinks.inference.overflow_place import OverflowPlace
from sinks.inference_spec import OverflowSpec
from tests.servers.minio import MinioServer
from tests.sinks.making import an_event


def large(name: str, data: bytes) -> Large:
    reply: Event = an_event(None)
    return Large(Delivered(reply, 200), name, data)


async def stored(minio: MinioServer, url: str, *given: Large, secret: str = "") -> list[Outcome]:
    keys = S3Keys(minio.access_key, secret or minio.secret_key)
    overflow = Overflow(OverflowSpec(url, S3Access(minio.url, keys=keys)), is_resent=True)
    clock = SteadyClock()
    outcomes = await overflow.settled(given, clock, time.monotonic() + 30.0)
    await overflow.close()
    return outcomes


async def test_the_data_is_an_object_below_the_prefix(minio: MinioServer) -> None:
    await asyncio.to_thread(minio.make_bucket, "large-replies")
    given = large("a.json", b"[1]"), large("b", b"x" * 100_000)

    outcomes = await stored(minio, "s3://large-replies/of/iris", *given)

    assert outcomes == [one.delivered for one in given]
    assert minio.keys("large-replies", "of/iris/") == ["of/iris/a.json", "of/iris/b"]


async def test_keys_that_are_refused_stop_the_trigger(minio: MinioServer) -> None:
    await asyncio.to_thread(minio.make_bucket, "closed-replies")

    (outcome,) = await stored(
        minio, "s3://closed-replies/", large("a", b"1"), secret="of-nobody-here"
    )

    assert isinstance(outcome, Failed)
    assert (outcome.outcome_class, outcome.pause) == (OutcomeClass.CONFIG, True)


def test_a_name_in_a_bucket_is_a_uri() -> None:
    overflow = Overflow(OverflowSpec("s3://bucket/a b/ü"), is_resent=True)

    assert overflow.place.dataref("x.json") == "s3://bucket/a%20b/%C3%BC/x.json"


async def test_what_is_old_is_removed_and_the_place_can_be_checked(minio: MinioServer) -> None:
    await asyncio.to_thread(minio.make_bucket, "old-replies")
    keys = S3Keys(minio.access_key, minio.secret_key)
    spec = OverflowSpec("s3://old-replies/of/iris", S3Access(minio.url, keys=keys))
    place, name = OverflowPlace(spec), "a" * 52
    await asyncio.to_thread(place.check)
    for each in (name, "notes"):
        await asyncio.to_thread(place.put, each, b"[1]")

    now = datetime.now(UTC)
    young = await asyncio.to_thread(place.remove_older, now - timedelta(hours=1), 10)
    old = await asyncio.to_thread(place.remove_older, now + timedelta(hours=1), 10)

    assert (young, old) == (0, 1)
    assert minio.keys("old-replies", "of/iris/") == ["of/iris/notes"]
