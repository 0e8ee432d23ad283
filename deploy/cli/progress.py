"""A progress bar on stderr, drawn only at a terminal and only where the wait is worth one."""

import sys
import time
from types import TracebackType
from typing import Any, Self

PATIENCE_SECONDS = 1.0


class Progress:
    """`total` is how many are to come, None where nobody knows; `verb` says what is done."""

    def __init__(self, total: int | None, verb: str = "sending") -> None:
        self._total = total
        self._verb = verb
        self._done = 0
        self._bar: Any = None
        self._task: Any = None
        self._due = time.monotonic() + PATIENCE_SECONDS
        self._drawn = sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def advance(self, number: int) -> None:
        self._done += number
        if not self._drawn or time.monotonic() < self._due:
            return
        if self._bar is None:
            self._start()
        self._bar.update(self._task, completed=self._done)

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        columns = (TextColumn(self._verb), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Bar(*columns, console=Console(stderr=True))
        self._task = self._bar.add_task(self._verb, total=self._total)
        self._bar.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
