"""A whole headrace on a loop of its own thread, for what asks it by blocking calls."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.deploy.living import BROKER, TRIGGER, Living, living

DEFAULT = BROKER + "---" + TRIGGER
START_SECONDS = 60.0


@contextmanager
def lasting(
    folder: Path, prepare: Callable[[Living], Awaitable[None]], text: str = DEFAULT
) -> Iterator[Living]:
    """A process over `folder` after `prepare`, until the block ends."""
    started, ended = threading.Event(), threading.Event()
    found: list[Living] = []
    failures: list[BaseException] = []

    async def live() -> None:
        async with living(folder, text) as headrace:
            await prepare(headrace)
            found.append(headrace)
            started.set()
            await asyncio.to_thread(ended.wait)

    def run() -> None:
        try:
            asyncio.run(live())
        except BaseException as error:
            failures.append(error)
            raise
        finally:
            started.set()

    thread = threading.Thread(target=run, name="headrace")
    thread.start()
    try:
        assert started.wait(START_SECONDS), "it does not start"
        assert found, f"it did not start: {failures}"
        yield found[0]
    finally:
        ended.set()
        thread.join(START_SECONDS)
