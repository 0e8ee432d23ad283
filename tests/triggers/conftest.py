"""Tests of the middle run on a loop with time of its own, over a partition in memory."""

import asyncio
from collections.abc import Callable, Mapping

import pytest

from tests.scenarios.house import JumpingLoop
from tests.triggers.workshop import Store


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"jumping": JumpingLoop}


@pytest.fixture
async def store() -> Store:
    made = Store()
    await made.open()
    return made
