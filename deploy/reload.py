"""Reload: read the configuration again, and run by it whole or not at all."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

import orjson

from broker.errors import Conflict, HeadraceError, InvalidConfig, Unavailable
from deploy.assemble import Assembler
from deploy.config.broker_spec import Configuration
from deploy.config.difference import Change, Resources, difference
from deploy.running import Running
from deploy.standings import all_unsettled

Read = Callable[[], Configuration]

READ_SECONDS_MAX = 60.0
LINES_LOGGED_MAX = 20  # of mistakes; the answer has all of them
SIGNAL = "SIGHUP"


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What has been applied: nothing in `changes` where the files say what runs already.

    Secrets behind references are read again in any case.
    """

    changes: tuple[Change, ...]
    warnings: tuple[str, ...]
    digest: str


class Reloader:
    """Reloads one process, one at a time; `read` gives the configuration as it is on disk."""

    def __init__(self, assembler: Assembler, read: Read) -> None:
        self._assembler = assembler
        self._running: Running = assembler.running
        self._read = read
        self._task: asyncio.Task[Reloaded] | None = None
        self._is_asked_again = False
        running = self._running
        running.reloads.note(digest_of(running.configuration.written), running.clock.now())

    async def reload(self, by: str) -> Reloaded:
        """Read and apply. Raises InvalidConfig with all mistakes, and Conflict, Unavailable.

        After an error the old configuration runs on. Whoever waits may go: it is finished.
        """
        if self._running.is_draining:
            raise Unavailable("this headrace is stopping", code="draining", remedy="start it again")
        if self._task is not None:
            raise Conflict(
                "another reload is under way",
                code="reload-under-way",
                remedy="wait for its answer, then ask again",
            )
        task = self._task = asyncio.get_running_loop().create_task(self._reload(by))
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def signal(self) -> None:
        """SIGHUP: reload; one that comes during another is made up for after it."""
        if self._task is not None:
            self._is_asked_again = True
            return
        if not self._running.is_draining:
            task = self._task = asyncio.get_running_loop().create_task(self._reload(SIGNAL))
            task.add_done_callback(self._ended)

    async def quiet(self) -> None:
        """Wait until none is under way; the caller bounds the wait."""
        self._is_asked_again = False
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    def _ended(self, task: "asyncio.Task[Reloaded]") -> None:
        self._task = None
        if not task.cancelled():
            task.exception()  # told already, to the log and to whoever waits
        if self._is_asked_again:
            self._is_asked_again = False
            self.signal()

    async def _reload(self, by: str) -> Reloaded:
        running = self._running
        try:
            found = await read_aside(self._read)
            running_now, unsettled = running.configuration.written, all_unsettled(running)
            # On a thread: for ten thousand triggers both take long enough to be felt.
            changes = await asyncio.to_thread(difference, running_now, found.written, unsettled)
            digest = await asyncio.to_thread(digest_of, found.written)
            await self._assembler.change(found, by)
        except (HeadraceError, OSError) as error:
            self._refuse(by, error)
            raise
        except Exception as error:
            # A defect of ours must not end what runs well: the old configuration does.
            self._refuse(by, error)
            what = f"the reload failed ({type(error).__name__}: {error})"
            raise Unavailable(what, code="defect", remedy="please report it") from error
        running.reloads.applied += 1
        running.reloads.note(digest, running.clock.now())
        self._tell(by, changes, digest)
        return Reloaded(changes, found.warnings, digest)

    def _refuse(self, by: str, error: Exception) -> None:
        self._running.reloads.refused += 1
        lines = error.mistakes if isinstance(error, InvalidConfig) else ()
        self._running.telemetry.emit(
            "configuration.refused", by=by, error=str(error), mistakes=lines[:LINES_LOGGED_MAX]
        )

    def _tell(self, by: str, changes: tuple[Change, ...], digest: str) -> None:
        counts = {
            kind: sum(change.change == kind for change in changes)
            for kind in ("added", "changed", "removed")
        }
        self._running.telemetry.emit("configuration.applied", by=by, digest=digest, **counts)


async def read_aside(read: Read) -> Configuration:
    """What `read` gives, on a thread of its own, within a minute.

    A thread that nobody waits for at the end: a file system that hangs must not keep the
    process, nor the threads that deliveries need.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Configuration] = loop.create_future()

    def tell(found: Configuration | None, error: BaseException | None) -> None:
        if future.done():
            return
        if found is not None:
            future.set_result(found)
        elif error is not None:
            future.set_exception(error)

    def work() -> None:
        try:
            found, failed = read(), None
        except Exception as error:  # noqa: BLE001 - handed over to who waits for it
            found, failed = None, error
        try:
            loop.call_soon_threadsafe(tell, found, failed)
        except RuntimeError:  # the loop is closed: nobody waits any more
            return

    threading.Thread(target=work, name="headrace-reload", daemon=True).start()
    try:
        async with asyncio.timeout(READ_SECONDS_MAX):
            return await future
    except TimeoutError as error:
        raise Unavailable(
            f"the configuration could not be read within {READ_SECONDS_MAX:g} s",
            code="read-overdue",
            remedy="see whether its files are on a file system that answers",
        ) from error


def digest_of(written: Resources) -> str:
    """Twelve characters that tell configurations apart, by what was written."""
    resources = [[*key, dict(one.value)] for key, one in sorted(written.items())]
    return sha256(orjson.dumps(resources, option=orjson.OPT_SORT_KEYS)).hexdigest()[:12]
