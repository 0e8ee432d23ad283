"""Replies too large for a log: their data in a folder or a bucket, named by `dataref`.

Source: CloudEvents, Dataref extension (the claim check pattern).
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote

from broker.clock import Clock
from broker.delivery import Delivered, Failed, Outcome, OutcomeClass, Reason
from broker.errors import Conflict, Denied, Invalid, Unavailable

if TYPE_CHECKING:  # imported only when the first large reply is stored
    from sinks.file_batch.store import Store
    from sinks.inference_spec import OverflowSpec

THREADS_MAX = 4
_S3 = "s3://"


class Large(NamedTuple):
    """`delivered` counts once `data` is stored as `name`: no reply is without its data."""

    delivered: Delivered
    name: str
    data: bytes


class Overflow:
    """One folder or bucket prefix. Made without I/O; what is stored is never removed here."""

    def __init__(self, spec: "OverflowSpec", *, is_resent: bool) -> None:
        self._spec = spec
        self._is_resent = is_resent
        self._base = f"{spec.url.rstrip('/')}/"
        self._store: Store | None = None
        self._threads: ThreadPoolExecutor | None = None

    def dataref(self, name: str) -> str:
        """The URI by which a reply names its data."""
        if not self._base.startswith(_S3):
            return f"file://{self._base.removeprefix('file:')}{name}"
        return _S3 + quote(self._base.removeprefix(_S3)) + name

    async def settled(
        self, outcomes: Sequence[Outcome | Large], clock: Clock, deadline: float
    ) -> list[Outcome]:
        """Each large reply stored, or why it cannot be; the others as they are."""
        seconds = max(0.0, deadline - clock.monotonic())
        return list(
            await asyncio.gather(*(self._settled(outcome, seconds) for outcome in outcomes))
        )

    async def close(self) -> None:
        """Wait for what is being written; it may be used again."""
        threads, self._threads, self._store = self._threads, None, None
        if threads is not None:
            await asyncio.to_thread(threads.shutdown)

    async def _settled(self, outcome: Outcome | Large, seconds: float) -> Outcome:
        if not isinstance(outcome, Large):
            return outcome
        self._threads = self._threads or ThreadPoolExecutor(
            THREADS_MAX, thread_name_prefix="headrace-overflow"
        )
        put = partial(self._put, outcome.name, outcome.data)
        try:
            async with asyncio.timeout(seconds):
                await asyncio.get_running_loop().run_in_executor(self._threads, put)
        except TimeoutError:
            return self._failed(outcome, "it was not done before the deadline")
        except (Unavailable, Conflict) as error:
            return self._failed(outcome, str(error))
        except (Denied, Invalid) as error:
            return self._failed(outcome, str(error), OutcomeClass.CONFIG)
        return outcome.delivered

    def _put(self, name: str, data: bytes) -> None:
        """Blocking. The same name again replaces what an earlier attempt wrote."""
        from sinks.file_batch.place import Place, parse_place
        from sinks.file_batch.store import Access, open_store

        if self._base.startswith(_S3):
            place, access = parse_place(self._base + name), Access(s3=self._spec.s3)
        else:
            root = _folder(self._base)
            place, access = Place("folder", "", name), Access(root=str(root))
        self._store = self._store or open_store(place, access)
        self._store.put_atomic(place.path, [data])

    def _failed(
        self, large: Large, why: str, found: OutcomeClass = OutcomeClass.TRANSIENT
    ) -> Failed:
        """The model has answered; it is asked again, unless that is forbidden."""
        what = f"the reply of {len(large.data):,} bytes could not be stored at reply.overflow: "
        status = large.delivered.status
        if not self._is_resent:
            what += f"{why}; it was sent, and resend is never"
            return Failed(OutcomeClass.TRANSIENT, what, status, reason=Reason.ATTEMPTS)
        is_config = found is OutcomeClass.CONFIG
        return Failed(found, what + why, status, pause=is_config, is_held=is_config)


def _folder(url: str) -> Path:
    """The folder of a `file:` URL, made where it is not there, as that of a FileSink is."""
    folder = Path(unquote(url.removeprefix("file:")))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = f"the folder cannot be made ({error.strerror})"
        remedy = "name a folder that the account of headrace may write to"
        raise Denied(what, code="denied", where=str(folder), remedy=remedy) from error
    return folder
