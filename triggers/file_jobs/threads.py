"""The threads in which jobs read, cut and write, so that the loop never waits for a disk."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
THREADS_MAX = 4
STOP_SECONDS = 1.0  # of the two that a process has to write its last checkpoint


class Threads:
    """Of one partition; made when the first job needs one."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `function` gives or raises. Cancelled, it lets it end first, if it soon does.

        Else a part could be written after the parts of its job were removed.
        """
        if self._pool is None:
            self._pool = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="headrace-files")
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(self._pool, lambda: function(*args, **kwargs))
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            future.add_done_callback(_forget)
            await asyncio.wait((future,), timeout=STOP_SECONDS)
            raise

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None


def _forget(future: "asyncio.Future[Any]") -> None:
    """What it came to interests nobody any more."""
    if not future.cancelled():
        future.exception()
