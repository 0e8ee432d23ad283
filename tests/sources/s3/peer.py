"""A bucket of a real MinIO as the contract suite drives it: objects are put, one by one."""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import replace

import pytest

from broker.event import Event
from sources.s3.options import Credentials, S3Options
from sources.s3.source import S3Source
from sources.source import SourceSupplies
from sources.spec import SourceSpec
from tests.servers.minio import MinioServer


def bucket_of(server: MinioServer, versioned: bool = False) -> str:
    """A new bucket, with a name that no other test has."""
    bucket = f"bucket-{uuid.uuid4().hex[:16]}"
    server.make_bucket(bucket, versioned)
    return bucket


def options_of(server: MinioServer, bucket: str) -> S3Options:
    credentials = Credentials(server.access_key, server.secret_key)
    return S3Options(bucket, server.url, credentials=credentials, tells_removed=True)


def spec_of(options: S3Options) -> SourceSpec:
    return SourceSpec("S3Source", "default/photos", "default/default", options)


class MinioPeer:
    """Labels are keys; no order is promised between keys."""

    is_ordered = False
    can_be_lost = True

    def __init__(self, server: MinioServer) -> None:
        self.server = server
        self.bucket = bucket_of(server)
        self.spec = spec_of(options_of(server, self.bucket))
        self._count = 0

    def make(self, supplies: SourceSupplies) -> S3Source:
        return S3Source(self.spec, supplies)

    async def happen(self, count: int) -> Sequence[str]:
        keys = [f"dir/object {number:06}" for number in range(self._count, self._count + count)]
        self._count += count
        for key in keys:
            await asyncio.to_thread(self.server.put, self.bucket, key, key.encode())
        return keys

    def label_of(self, event: Event) -> str:
        return event.attributes["subject"]

    async def lose(self) -> None:
        await asyncio.to_thread(self.server.kill)

    async def find(self) -> None:
        await asyncio.to_thread(self.server.mend)

    async def refuse(self) -> None:
        options: S3Options = self.spec.options
        wrong = Credentials(self.server.access_key, "not-the-secret")
        self.spec = replace(self.spec, options=replace(options, credentials=wrong))

    async def close(self) -> None:
        await self.find()


async def make(request: pytest.FixtureRequest) -> MinioPeer:
    server: MinioServer = request.getfixturevalue("minio")
    return await asyncio.to_thread(MinioPeer, server)
