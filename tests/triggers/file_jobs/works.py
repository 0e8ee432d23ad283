"""A partition in memory whose trigger hands files to a FileBatch, with a model that is scripted."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from broker.clock import SteadyClock
from broker.codec import make_event
from broker.delivery import Delivered, Delivery, Failed, Outcome, OutcomeClass
from broker.event import Event
from broker.intake import Intake
from broker.storage.memory.engine import MemoryEngine
from broker.storage.rows import DeadLetter
from broker.telemetry import Telemetry
from sinks.file_batch.sink import FileBatchSink
from sinks.file_batch.spec import FileBatchSpec, MatchSpec
from sinks.inference_spec import InferenceSinkSpec
from sinks.spec import FileBatchSinkSpec
from sinks.target import Target
from triggers.budget import Budget
from triggers.enrolment import Endpoint, Wired
from triggers.file_jobs.job import FileJob
from triggers.file_jobs.verbs import FileJobs, FileProgress
from triggers.partition import Partition
from triggers.pool import Pool
from triggers.roster import is_empty
from triggers.trigger import TriggerSpec

PATIENCE_SECONDS = 60.0
NAME = "default/files"
MODEL = InferenceSinkSpec(
    "default/double", "onnx", "file:double.onnx", input={"columns": {"names": ["x"]}}
)
REFUSED = Failed(OutcomeClass.BAD_INPUT, "x: is no number")
TOO_LARGE = Failed(OutcomeClass.BAD_INPUT, "too many", status=413)
Answer = Callable[[Any], Any]


def doubled(record: Any) -> Any:
    """What the model makes of one record; a Failed where it refuses it."""
    x = record.get("x") if isinstance(record, dict) else None
    return REFUSED if isinstance(x, str) or x is None else {"y": 2 * x}


class ScriptedModel:
    """Implements `sinks.sink.Sink`. `answer` is asked for each record; a bad one spoils a list."""

    name = "InferenceSink default/double"
    batch_limit = 64

    def __init__(self) -> None:
        self.answer: Answer = doubled
        self.calls = self.at_once = self.at_once_max = 0
        self.rows: list[Any] = []  # of each record that was predicted
        self.heard: Callable[[int], None] = lambda _: None  # how many records a list has
        self.records_max = 1_000_000  # of a list
        self.gate = asyncio.Event()  # closed: calls hang
        self.gate.set()

    def hang_from(self, x: int) -> None:
        """Numbers are doubled; once that one has been asked for, calls hang: see `gate`."""

        def answer(record: Any) -> Any:
            if record["x"] == x:
                self.gate.clear()
            return doubled(record)

        self.answer = answer

    async def open(self) -> None: ...

    async def probe(self) -> None: ...

    async def close(self) -> None: ...

    async def deliver(self, deliveries: Sequence[Delivery], deadline: float) -> Sequence[Outcome]:
        self.calls += 1
        self.at_once += 1
        self.at_once_max = max(self.at_once_max, self.at_once)
        try:
            await self.gate.wait()
            await asyncio.sleep(0)
            return [self._outcome(delivery) for delivery in deliveries]
        finally:
            self.at_once -= 1

    def _outcome(self, delivery: Delivery) -> Outcome:
        data = orjson.loads(delivery.event.data or b"null")
        records = data if isinstance(data, list) else [data]
        self.heard(len(records))
        if len(records) > self.records_max:
            return TOO_LARGE
        answers = [self.answer(record) for record in records]
        for answer in answers:
            if isinstance(answer, Failed):
                return answer
        self.rows += records
        columns = {name: [each[name] for each in answers] for name in answers[0]}
        attributes = {"specversion": "1.0", "id": delivery.id, "source": "/m", "type": "r"}
        model = {"inferencemodel": "double", "inferenceversion": "7"}
        return Delivered(make_event(attributes | model, orjson.dumps(columns)))


class Works:
    """`folder` is the root of the files. `start` after `stop` or `crash` as often as one likes."""

    def __init__(self, folder: Path, **spec: Any) -> None:
        self.folder = folder
        self.clock = SteadyClock()
        self.engine = MemoryEngine(self.clock)
        self.telemetry = Telemetry()
        self.model = ScriptedModel()
        self.target = Target("double", lambda: 0.5)
        self.spec = FileBatchSpec(
            NAME, MODEL.name, str(folder), match=MatchSpec(settle_seconds=0.0),
            written={"read": {}, "write": {}},
        )  # fmt: skip
        self.model_spec = MODEL
        self.partition: Partition
        self.intake: Intake
        self.pool: Pool
        self._is_open = False

    def with_(self, **groups: Any) -> "Works":
        """Groups of the FileBatch's spec; before `start` or `apply`."""
        self.spec = replace(self.spec, **groups)
        return self

    async def start(self) -> None:
        self.pool = Pool(self.clock.monotonic)
        self.partition = Partition(
            "default/default", self.engine, self.pool, Budget(), self.clock, lambda: 0.5,
            self.telemetry,
        )  # fmt: skip
        self.partition.on_failure = self._failed
        await self.partition.open()
        self.intake = Intake("default/default", self.engine.log, self.clock, lambda: 0.5)
        await self.intake.open()
        await self.partition.start([self._wired()], self.intake)
        self._is_open = True

    def _failed(self, error: BaseException) -> None:
        raise AssertionError("a defect") from error

    def _wired(self) -> Wired:
        spec = FileBatchSinkSpec(self.spec, self.model_spec)
        document = {"metadata": {"name": "files"}, "spec": {}}
        trigger = TriggerSpec(NAME, "default/default", spec, document)
        sink = FileBatchSink(
            spec, (self.model, self.target), lambda *_: None, self.clock, lambda _: self.files.desk
        )
        return Wired(trigger, Endpoint(sink, Target("files", lambda: 0.5)))

    async def apply(self) -> None:
        """A reload with the spec as it is now."""
        await self.partition.steering.apply([self._wired()], "tests")

    async def stop(self) -> None:
        if self._is_open:
            self._is_open = False
            self.pool.is_held = True
            await self.files.stop()
            await self.partition.drain()
            await self.partition.close()
            self.intake.close()

    async def crash(self) -> None:
        """As a power cut: what was not committed is gone."""
        self._is_open = False
        self.pool.is_held = True
        await self.files.stop()
        self.partition._tasks.cancel()
        self.intake.close()
        self.engine = self.engine.crash()

    @property
    def files(self) -> FileJobs:
        assert self.partition.files is not None
        return self.partition.files

    @property
    def jobs(self) -> list[FileJob]:
        return list(self.files.jobs.book.jobs.values())

    def write(self, name: str, rows: Sequence[object], header: str = "x") -> Path:
        path = self.folder / name
        path.write_text("\n".join([header, *map(str, rows)]) + "\n")
        return path

    def read(self, name: str) -> list[str]:
        return (self.folder / name).read_text().splitlines()

    async def tell(self, name: str, happening: str = "created", **attributes: str) -> None:
        """What a FolderSource says of a file."""
        await self.publish(told(name, happening, **attributes))

    async def publish(self, event: Event) -> None:
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.intake.accept([event], done.set_result)
        result = await done
        assert not isinstance(result, Exception), result

    async def until(self, reached: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not reached():
            assert time.monotonic() < deadline, [(job.state, job.why) for job in self.jobs]
            await asyncio.sleep(0.005)

    async def predict(self, name: str) -> FileJob:
        """Tell of a file and wait until its job has ended and its delivery is settled."""
        before = len(self.jobs)
        await self.tell(name)
        await self.until(lambda: len(self.jobs) > before and not self.jobs[-1].is_open)
        await self.settled()
        return self.jobs[-1]

    async def settled(self) -> None:
        await self.until(lambda: is_empty(self.partition.lanes[NAME]))
        await self.partition._checkpointer.flush()

    async def dead_letters(self) -> list[DeadLetter]:
        await self.partition._checkpointer.flush()
        return list((await self.engine.desk.page((), None, 1000)).items)

    async def events(self) -> list[Event]:
        """Those that jobs have told."""
        await self.partition._checkpointer.flush()
        stored = await self.engine.log.read(0, 10_000, 1 << 30)
        return [one.event for one in stored if one.event.type.startswith("dev.headrace.file.")]

    def found(self, id: str) -> FileProgress:
        progress = self.files.find(id)
        assert progress is not None
        return progress


_numbers = iter(range(1_000_000))


def told(name: str, happening: str = "created", **attributes: str) -> Event:
    facts = {
        "specversion": "1.0",
        "id": f"{name}-{next(_numbers)}",
        "source": "/headrace/sources/default/drop",
        "type": f"dev.headrace.folder.{happening}",
        "subject": name,
    }
    return make_event(facts | attributes, None)
