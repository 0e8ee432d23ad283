"""The origins of all kinds: a row each."""

from importlib import import_module
from pathlib import Path

import pytest

from tests.faults.origins.origin import Origin

ORIGINS = {
    "PingSource": "tests.faults.origins.ping:make",
    "KafkaSource": "tests.faults.origins.kafka:make",
    "ApiServerSource": "tests.faults.origins.api_server:make",
    "S3Source": "tests.faults.origins.s3:make",
    "FolderSource": "tests.faults.origins.folder:make",
    "WebhookSource": "tests.faults.origins.webhook:make",
}


async def make_origin(kind: str, folder: Path, request: pytest.FixtureRequest) -> Origin:
    """Each `make` is `async def make(folder, request) -> Origin`; it asks for real servers."""
    module, _, name = ORIGINS[kind].partition(":")
    made: Origin = await getattr(import_module(module), name)(folder, request)
    return made
