"""ONNX models in this process: a batch is one call, a bad event fails alone."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import unquote, urlsplit

from broker.clock import Clock
from broker.codec import Limits
from broker.delivery import Delivery, Evidence, Failed, Outcome, OutcomeClass
from broker.errors import Invalid, Unavailable
from sinks.inference.column_answer import ColumnAnswer
from sinks.inference.input import Input
from sinks.inference.model import error_class, load_model
from sinks.inference.onnx_trial import describe, try_model
from sinks.inference.output import output_of
from sinks.inference.overflow import all_settled
from sinks.inference.prepare import Item, Preparation, grouped, joined
from sinks.inference.reply import ReplyWriter
from sinks.spec import InferenceSinkSpec
from sinks.trying import Tried

NO_BISECTING_SECONDS = 30.0  # after a batch whose events all failed alone: the model is the cause
_BISECTED = (OutcomeClass.BAD_INPUT, OutcomeClass.SUSPECT)


class OnnxSink:
    """One model file. Made without I/O; raises Invalid for a URL that names no file.

    `batch_limit` is 1 until `open` has seen that dim 0 of every input may vary. `broker_of`
    gives the broker (namespace/name) of a trigger, for the source of replies.
    """

    def __init__(
        self,
        spec: InferenceSinkSpec,
        clock: Clock,
        *,
        broker_of: Callable[[str], str] = lambda _trigger: "default",
        limits: Limits | None = None,
    ) -> None:
        self.name = f"InferenceSink {spec.name}"
        self.batch_limit = 1
        self._spec = spec
        self._clock = clock
        self._path = _file(spec.url)
        self._model_name = spec.model or self._path.stem
        self._replies = ReplyWriter(spec, self._model_name, broker_of, limits or Limits())
        self._output = output_of(spec)
        self._loaded: Preparation | None = None
        self._loaded_stamp: tuple[int, int] | None = None
        self._threads: ThreadPoolExecutor | None = None
        self._bisects_from = 0.0

    async def open(self) -> None:
        """Load the model, again only if its file changed. Raises Invalid."""
        stamp = await asyncio.to_thread(_stamp, self._path)
        if self._loaded is not None and stamp == self._loaded_stamp:
            return
        model = await asyncio.to_thread(load_model, self._path)
        reader = Input(self._spec.input, model)
        self._loaded = Preparation(model, reader, self._output, self._replies)
        self._loaded_stamp = stamp
        self.batch_limit = self._spec.batch_max_records if model.batches else 1

    async def deliver(self, deliveries: Sequence[Delivery], deadline: float) -> Sequence[Outcome]:
        """Predict for all in as few calls as their shapes allow; one outcome each, in order."""
        loaded = self._loaded
        if loaded is None:
            try:
                await self.open()
            except Invalid as error:
                failed = Failed(OutcomeClass.CONFIG, str(error), pause=True)
                return [failed] * len(deliveries)
            return await self.deliver(deliveries, deadline)
        prepared = loaded.items(deliveries)
        items = [each for each in prepared if isinstance(each, Item)]
        records_max = self._spec.batch_max_records if loaded.model.batches else 0
        outcomes: dict[int, Outcome] = {}
        for group in grouped(items, records_max):
            carried = await self._carry(loaded, group, deadline)
            self._judge(group, carried)
            outcomes.update((id(item), out) for item, out in zip(group, carried, strict=True))
        return [outcomes[id(each)] if isinstance(each, Item) else each for each in prepared]

    def _judge(self, group: Sequence[Item], outcomes: Sequence[Outcome]) -> None:
        """Where each event of a bisected batch failed alone, spare the model the next ones."""
        if len(group) > 1 and all(isinstance(outcome, Failed) for outcome in outcomes):
            self._bisects_from = self._clock.monotonic() + NO_BISECTING_SECONDS

    async def _carry(
        self, loaded: Preparation, items: Sequence[Item], deadline: float
    ) -> list[Outcome]:
        """One call; each half again where it failed for a reason that may be one event's."""
        answered = await self._call(loaded, items, deadline)
        if not isinstance(answered, Failed):
            return answered
        alone = len(items) == 1 or answered.outcome_class not in _BISECTED
        if alone or self._clock.monotonic() < self._bisects_from:
            return [answered] * len(items)
        middle = len(items) // 2
        first = await self._carry(loaded, items[:middle], deadline)
        return first + await self._carry(loaded, items[middle:], deadline)

    async def _call(
        self, loaded: Preparation, items: Sequence[Item], deadline: float
    ) -> list[Outcome] | Failed:
        """The outcomes of one call to the model, or why the call failed."""
        started_at = self._clock.monotonic()
        model = loaded.model
        stop = model.stop()
        running = asyncio.get_running_loop().run_in_executor(
            self._thread_pool(), model.run, joined(items), stop
        )
        try:
            async with asyncio.timeout(deadline - started_at):
                outputs = await running
            call_seconds = self._clock.monotonic() - started_at
            parts = loaded.parts(outputs, items)
        except TimeoutError:
            stop.terminate = True  # else its thread would go on for nobody
            return self._failed(OutcomeClass.TRANSIENT, "no answer in time", "timeout")
        except Invalid as error:
            return self._failed(OutcomeClass.SUSPECT, str(error))
        except Exception as error:  # noqa: BLE001 - its errors have no common parent of their own
            message = f"{type(error).__name__}: {str(error)[:500]}"
            return self._failed(error_class(error), message)
        now = self._clock.now()
        found = [
            loaded.reply(item, part, now, call_seconds)
            for item, part in zip(items, parts, strict=True)
        ]
        return await all_settled(self._replies.overflow, found, self._clock, deadline)

    async def predict_columns(
        self, columns: Mapping[str, Sequence[object]], wanted: Sequence[str], deadline: float
    ) -> ColumnAnswer | None:
        """Implements `sinks.file_batch.columnar.PredictsColumns`."""
        loaded = self._loaded
        if loaded is None:
            return None
        stop = loaded.model.stop()
        running = asyncio.get_running_loop().run_in_executor(
            self._thread_pool(), loaded.columns, columns, wanted, stop
        )
        try:
            async with asyncio.timeout(deadline - self._clock.monotonic()):
                return await running
        except TimeoutError:
            stop.terminate = True
            return None
        except Exception:  # noqa: BLE001 - `deliver` meets the same, and says whose fault it is
            return None

    def _failed(self, found: OutcomeClass, message: str, phase: str | None = None) -> Failed:
        evidence = Evidence(phase=phase)
        return Failed(found, message, evidence=evidence, pause=found is OutcomeClass.CONFIG)

    def _thread_pool(self) -> ThreadPoolExecutor:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(
                self._spec.max_in_flight, thread_name_prefix="headrace-onnx"
            )
        return self._threads

    async def check(self) -> str:
        """What the file has, in words. Raises Invalid where it, or `input`, cannot be used."""
        await self.open()
        assert self._loaded is not None, "open has loaded it"
        return describe(self._loaded.model)

    async def try_one(
        self, delivery: Delivery, deadline: float, variant: str | None = None
    ) -> Tried:
        """Run the model for one event, and show the tensors. Raises Invalid."""
        await self.open()
        assert self._loaded is not None, "open has loaded it"
        return await try_model(self._loaded, self._spec.url, delivery, deadline, self._clock)

    async def probe(self) -> None:
        """Load the model where it is not; raises Unavailable with the reason."""
        try:
            await self.open()
        except Invalid as error:
            raise Unavailable(error.what, where=self.name, remedy=error.remedy) from error

    async def close(self) -> None:
        """Wait for calls under way, then let the model go; `open` may follow."""
        threads, self._threads = self._threads, None
        self._loaded = self._loaded_stamp = None
        if threads is not None:
            await asyncio.to_thread(threads.shutdown)
        if self._replies.overflow is not None:
            await self._replies.overflow.close()


def _stamp(path: Path) -> tuple[int, int] | None:
    """What changes with the file's content; None where there is no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _file(url: str) -> Path:
    parts = urlsplit(url)
    if parts.scheme != "file" or parts.netloc or not parts.path:
        raise Invalid(
            f"{url!r} names no model file",
            code="invalid-url",
            where="spec.url",
            remedy="write file:models/iris.onnx or file:///srv/models/iris.onnx",
        )
    return Path(unquote(parts.path))
