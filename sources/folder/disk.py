"""The thread in which one source looks at its folder and hashes, so that the loop never waits."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event as Flag
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
STOP_SECONDS = 3.0  # a disk that does not answer, such as a lost network share, is then left alone


class Disk:
    """One thread: one file is hashed at a time, and a slow disk holds up no other source."""

    def __init__(self) -> None:
        self.stopped = Flag()  # what runs in the thread asks for it between two files or chunks
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="headrace-folder")

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `function` gives or raises. Cancelled, it lets it end first, if it soon does."""
        future = asyncio.get_running_loop().run_in_executor(
            self._pool, lambda: function(*args, **kwargs)
        )
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            self.stopped.set()
            await asyncio.wait((future,), timeout=STOP_SECONDS)
            raise

    def close(self) -> None:
        self.stopped.set()
        self._pool.shutdown(wait=False, cancel_futures=True)
