"""What tests of S3Source do again and again: run it, stop it, and read what it told."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO

from broker.event import StoredEvent
from sources.s3.options import S3Options
from sources.s3.source import S3Source
from tests.servers.minio import MinioServer
from tests.sources.inside import Inside
from tests.sources.s3.peer import options_of, spec_of

Told = tuple[str, str]  # the kind of change without its group, and the key


async def watch(inside: Inside, options: S3Options) -> S3Source:
    """A source that runs, and has found its bucket."""
    connections = inside.connections
    spec = spec_of(options)
    source = S3Source(spec, inside.supplies)
    inside.start(source, spec)
    await inside.until(lambda: inside.connections > connections)
    return source


async def list_once(inside: Inside, options: S3Options) -> None:
    """One whole listing, without any notification."""
    inside.standing.position = ""
    await watch(inside, replace(options, is_listening=False))
    await inside.until(lambda: "complete" in inside.standing.position)
    await inside.stop()


def listing_of(server: MinioServer, bucket: str) -> S3Options:
    return replace(options_of(server, bucket), is_listening=False)


async def told(inside: Inside) -> Sequence[Told]:
    """In the order of the log."""
    return [told_by(one) for one in await inside.stored()]


def told_by(stored: StoredEvent) -> Told:
    return stored.event.type.rpartition(":")[2], stored.event.attributes["subject"]


async def ledger(inside: Inside) -> Counter[tuple[str, str]]:
    """(ETag, key) of what came; a count above 1 is one told twice."""
    return Counter(
        (one.event.attributes["s3etag"], one.event.attributes["subject"])
        for one in await inside.stored()
        if ".ObjectCreated:" in one.event.type
    )


def put_in_parts(server: MinioServer, bucket: str, key: str) -> None:
    """A multipart upload of two parts."""
    body = b"x" * (5 * 1024 * 1024 + 4)
    server.client.put_object(bucket, key, BytesIO(body), len(body), part_size=5 * 1024 * 1024)


def fill(server: MinioServer, bucket: str, keys: Sequence[str]) -> None:
    """Put an object of its own content under each key, several at a time."""
    with ThreadPoolExecutor(4) as putters:
        list(putters.map(lambda key: server.put(bucket, key, key.encode()), keys))
