"""One source at work: run again after each failure, later and later, and never in a hot loop."""

import asyncio
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential

from broker.clock import Clock
from broker.errors import HeadraceError
from broker.telemetry import Telemetry
from deploy.sources.outlet import Counts, SourceOutlet
from sources.source import Receiver, Source
from sources.spec import SourceSpec
from sources.standing import Standing

WAIT_SECONDS_FIRST = 0.5
WAIT_SECONDS_MIN = 0.1
WAIT_SECONDS_MAX = 30.0
STEADY_SECONDS = 10.0  # connected for so long, a failure is a new one and waits begin anew
STOP_SECONDS_MAX = 5.0
NOTICES_MAX = 100  # different ones told; beyond, they are only counted

State = Literal["starting", "connected", "retrying", "paused", "stopped"]
Make = Callable[[SourceSpec], Source]
MakeOutlet = Callable[[SourceSpec, Standing, Counts], SourceOutlet]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a source stopped the last time."""

    at: datetime
    code: str
    what: str
    remedy: str | None


class Supervisor:
    """Runs `spec` by objects that `make` gives; `start` and `stop` may alternate."""

    def __init__(
        self,
        spec: SourceSpec,
        make: Make,
        make_outlet: MakeOutlet,
        clock: Clock,
        telemetry: Telemetry,
    ) -> None:
        self.spec = spec
        self.counts = Counts()
        self.errors = 0
        self.last_failure: Failure | None = None
        self.retry_at: datetime | None = None
        self.standing = Standing(self._connected, self._noticed)
        self.receiver: Receiver | None = None
        self.on_receiver: Callable[[], None] = lambda: None  # another object takes requests now
        self._make = make
        self._make_outlet = make_outlet
        self._clock = clock
        self._telemetry = telemetry
        self._task: asyncio.Task[None] | None = None
        self._connected_at: float | None = None  # monotonic, of the run that is under way
        self._told: str | None = None  # the failure that is in the log already
        self._notices: set[str] = set()

    @property
    def state(self) -> State:
        if self._task is None:
            return "stopped"
        if self.standing.is_connected:
            return "connected"
        return "starting" if self.last_failure is None else "retrying"

    def start(self) -> None:
        if self._task is None:
            name = f"source {self.spec.name}"
            self._task = asyncio.get_running_loop().create_task(self._keep_running(), name=name)

    async def stop(self) -> None:
        """End it within its grace; what it has published is stored, the rest comes again."""
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        done, _ = await asyncio.wait((task,), timeout=STOP_SECONDS_MAX)
        if not done:
            self._noticed(f"it did not end within {STOP_SECONDS_MAX:g} s and was left behind")
        self.standing.disconnect()
        self.retry_at = None

    async def _keep_running(self) -> None:
        """For ever: the waits grow while it fails, and begin anew once it was steady."""
        while True:
            retrying = AsyncRetrying(
                wait=wait_random_exponential(
                    multiplier=WAIT_SECONDS_FIRST, min=WAIT_SECONDS_MIN, max=WAIT_SECONDS_MAX
                ),
                retry=retry_if_exception(lambda error: isinstance(error, Exception)),
                before_sleep=self._before_sleep,
            )
            await retrying(self._run_until_unsteady)

    async def _run_until_unsteady(self) -> None:
        """Raises what ended a run that never became steady; gives back after one that was."""
        try:
            await self._run_once()
        except Exception as error:
            self._failed(error)
            if not self._was_steady():
                raise
        finally:
            self.standing.disconnect()
            self._receive_by(None)

    async def _run_once(self) -> None:
        self._connected_at, self.retry_at = None, None
        source = self._make(self.spec)
        outlet = self._make_outlet(self.spec, self.standing, self.counts)
        if isinstance(source, Receiver):
            self._receive_by(source)
        await source.run(outlet)
        raise HeadraceError("it ended by itself", code="defect", remedy="please report it")

    def _receive_by(self, receiver: Receiver | None) -> None:
        if receiver is not self.receiver:
            self.receiver = receiver
            self.on_receiver()

    def _was_steady(self) -> bool:
        since = self._connected_at
        return since is not None and self._clock.monotonic() - since >= STEADY_SECONDS

    def _failed(self, error: Exception) -> None:
        self.errors += 1
        self.last_failure = failure = failure_of(error, self._clock.now())
        if failure.what != self._told:  # else it is in the log already
            self._told = failure.what
            self._telemetry.emit(
                "source.failed",
                source=self.spec.name,
                kind=self.spec.kind,
                code=failure.code,
                error=failure.what,
                remedy=failure.remedy,
            )

    def _before_sleep(self, call: RetryCallState) -> None:
        wait_seconds = call.next_action.sleep if call.next_action is not None else 0.0
        self.retry_at = self._clock.now() + timedelta(seconds=wait_seconds)

    def _connected(self) -> None:
        if self._connected_at is not None:
            return
        self._connected_at = self._clock.monotonic()
        if self._told is not None or self.last_failure is None:
            self._told = None
            self._telemetry.emit(
                "source.connected",
                source=self.spec.name,
                kind=self.spec.kind,
                detail=self.standing.detail,
            )

    def _noticed(self, what: str) -> None:
        if what not in self._notices and len(self._notices) < NOTICES_MAX:
            self._notices.add(what)
            self._telemetry.emit(
                "source.notice", source=self.spec.name, kind=self.spec.kind, notice=what
            )


def failure_of(error: Exception, now: datetime) -> Failure:
    """What an operator reads of `error`; several at once are told by the first."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, HeadraceError):
        where = f"{error.where}: " if error.where else ""
        return Failure(now, error.code, where + error.what, error.remedy)
    if isinstance(error, OSError):
        what = error.strerror or str(error) or type(error).__name__
        return Failure(now, "unreachable", what, "see that its origin is there and answers")
    # Not its text: whatever a library put there may hold a secret.
    places = traceback.extract_tb(error.__traceback__)[-1:]
    at = f" at {Path(places[0].filename).name}:{places[0].lineno}" if places else ""
    return Failure(now, "defect", f"{type(error).__name__}{at}", "please report it")
