"""The peers of all kinds: a row each."""

from importlib import import_module

import pytest
from _pytest.mark import ParameterSet

from tests.sources.peer import Peer

PEERS = {
    "PingSource": "tests.sources.ping.peer:make",
    "KafkaSource": "tests.sources.kafka.peer:make",
    "ApiServerSource": "tests.sources.api_server.peer:make",
    "S3Source": "tests.sources.s3.peer:make",
    "FolderSource": "tests.sources.folder.peer:make",
    "WebhookSource": "tests.sources.webhook.peer:make",
}

REAL = {"KafkaSource", "ApiServerSource", "S3Source"}  # their peers ask for a real server


def each_kind() -> list[ParameterSet]:
    """Every kind as a parameter; those whose peer asks for a real server are marked so."""
    return [pytest.param(kind, marks=pytest.mark.servers if kind in REAL else ()) for kind in PEERS]


async def make_peer(kind: str, request: pytest.FixtureRequest) -> Peer:
    """Each `make` is `async def make(request) -> Peer`; it asks `request` for real servers."""
    module, _, name = PEERS[kind].partition(":")
    made: Peer = await getattr(import_module(module), name)(request)
    return made
