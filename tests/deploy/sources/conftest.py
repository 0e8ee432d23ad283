"""Sources at work, on a loop with time of its own: waits of half a minute take no time."""

import asyncio
from collections.abc import Callable, Mapping

from tests.scenarios.house import JumpingLoop


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"jumping": JumpingLoop}
