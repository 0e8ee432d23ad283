"""A few connections that only look, used by a bounded pool of threads."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

import apsw

from broker.errors import HeadraceError, StoreFailed
from broker.storage.sqlite.connection import open_reader
from broker.storage.sqlite.failures import Failure, classify, translate
from broker.storage.sqlite.group import Job
from broker.storage.sqlite.niceness import make_nicer
from broker.storage.sqlite.options import SqliteOptions
from broker.storage.sqlite.writer import Writer

T = TypeVar("T")


class Readers:
    """Runs `look(connection)` beside the writer, or in its thread where it is exclusive.

    Each caller waits for its own answer, so the pool's queue is as long as there are callers.
    The higher their `niceness`, the less they take of a core on which deliveries are made.
    """

    def __init__(
        self, path: Path, options: SqliteOptions, writer: Writer, niceness: int = 0
    ) -> None:
        self._path = path
        self._options = options
        self._writer = writer
        self._executor = ThreadPoolExecutor(
            options.reader_count, f"reader {path.stem}", lambda: make_nicer(niceness)
        )
        self._idle = SimpleQueue[apsw.Connection | None]()
        for _ in range(options.reader_count):
            self._idle.put(None)  # opened when first used
        self._is_closed = False

    async def run(self, look: Callable[[apsw.Connection], T]) -> T:
        """Raises StoreFailed; a corrupt page stops the writer too."""
        if self._options.exclusive:
            return await run_job(self._writer, look)
        if self._is_closed:
            raise StoreFailed(f"{self._path} is closed", code="store-closed")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._look, look)

    def _look(self, look: Callable[[apsw.Connection], T]) -> T:
        connection = self._idle.get()
        try:
            if connection is None:
                connection = open_reader(self._path, self._options)
            return look(connection)
        except apsw.Error as error:
            system_errno = int(connection.system_errno) if connection else 0
            failure = classify(error, system_errno)
            if failure is Failure.CORRUPT:
                self._writer.health.condemn(str(error))
            raise translate(failure, error, self._path, committing=False) from error
        finally:
            self._idle.put(connection)

    def close(self) -> None:
        """Wait for reads under way; blocks, so not on the loop."""
        self._is_closed = True
        self._executor.shutdown(wait=True)
        for _ in range(self._options.reader_count):
            connection = self._idle.get()
            if connection is not None:
                connection.close(True)


async def run_job(writer: Writer, run: Callable[[apsw.Connection], T]) -> T:
    """Run it in the writer's thread, between two commits."""
    answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    def done(result: Any, error: HeadraceError | None) -> None:
        if answer.done():  # whoever asked has gone
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(result)

    writer.put(Job(run, done))
    return await answer
