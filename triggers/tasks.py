"""The tasks of one partition: none of them may end by itself with an error unseen."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class Tasks:
    """Begun, and cancelled together; `on_defect(error)` is told of what ended one."""

    def __init__(self, on_defect: Callable[[BaseException], None]) -> None:
        self._on_defect = on_defect
        self._running: set[asyncio.Task[None]] = set()  # the loop's own references are weak

    def begin(self, run: Callable[[], Coroutine[Any, Any, None]]) -> None:
        task = asyncio.get_running_loop().create_task(run())
        self._running.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._on_defect(error)

    def cancel(self) -> list["asyncio.Task[None]"]:
        """Ask all to end; gives them."""
        for task in self._running:
            task.cancel()
        return list(self._running)

    async def close(self) -> None:
        await asyncio.gather(*self.cancel(), return_exceptions=True)
