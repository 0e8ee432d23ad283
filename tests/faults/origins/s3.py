"""Clients that put objects through all deaths; the truth is what the bucket lists in the end."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest
from minio.error import MinioException
from urllib3.exceptions import HTTPError

from broker.event import Event, StoredEvent
from tests.faults.process import Program
from tests.servers.minio import MinioServer

CLIENTS = 4
SECRET = "TESTED_SECRET"


class S3Origin:
    """Each object has a key of its own, so that a put that was repeated is still one."""

    has_server = True

    def __init__(self, minio: MinioServer, bucket: str) -> None:
        self._minio = minio
        self._bucket = bucket
        self._is_resting = False
        self.put: set[str] = set()

    def document(self) -> str:
        return f"""
apiVersion: headrace.dev/v1
kind: S3Source
metadata: {{name: tested}}
spec:
  bucket: {self._bucket}
  endpoint: {self._minio.url}
  credentials: {{accessKeyId: {self._minio.access_key}, secretAccessKey: "${{env:{SECRET}}}"}}
  reconcileInterval: PT5S
"""

    def variables(self) -> dict[str, str]:
        return {SECRET: self._minio.secret_key}

    async def work(self, program: Program) -> None:
        async with asyncio.TaskGroup() as clients:
            for number in range(CLIENTS):
                clients.create_task(self._put_all(number))

    async def _put_all(self, client: int) -> None:
        number = 0
        while not self._is_resting:
            key = f"in/{client}/{number} ü.csv"
            body = f"{client},{number}".encode()
            while not self._is_resting and key not in self.put:
                with suppress(OSError, HTTPError, MinioException):
                    await asyncio.to_thread(self._minio.put, self._bucket, key, body)
                    self.put.add(key)
            number += 1
            await asyncio.sleep(0.01)

    def rest(self) -> None:
        self._is_resting = True

    async def die(self) -> None:
        await asyncio.to_thread(self._minio.restart)

    async def expected(self, stored: Sequence[StoredEvent]) -> Counter[str]:
        """Every object that is there; all that were answered are."""
        keys = await asyncio.to_thread(self._minio.keys, self._bucket)
        assert self.put <= set(keys), "the server has lost objects"
        return Counter(keys)

    def label_of(self, event: Event) -> str:
        return event.attributes["subject"]


async def make(_folder: Path, request: pytest.FixtureRequest) -> S3Origin:
    minio: MinioServer = request.getfixturevalue("minio")
    bucket = f"deaths-{uuid4().hex[:8]}"
    await asyncio.to_thread(minio.make_bucket, bucket)
    return S3Origin(minio, bucket)
