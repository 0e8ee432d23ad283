"""Every scenario runs on a loop with time of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import pytest

from tests.scenarios.house import House, JumpingLoop


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"jumping": JumpingLoop}


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    yield house
    await house.end()
