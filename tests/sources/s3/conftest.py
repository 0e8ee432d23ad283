"""Buckets of a real MinIO and the inside of a source, for the tests of S3Source."""

from collections.abc import AsyncIterator

import pytest

from tests.servers.minio import MinioServer
from tests.sources.inside import Inside
from tests.sources.s3.peer import bucket_of


@pytest.fixture
async def inside() -> AsyncIterator[Inside]:
    made = Inside()
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def bucket(minio: MinioServer) -> str:
    """A new bucket without versions."""
    return bucket_of(minio)


@pytest.fixture
def versioned(minio: MinioServer) -> str:
    """A new bucket that keeps versions."""
    return bucket_of(minio, versioned=True)
