"""The records of one chunk become calls of the model, and these become predictions or failures."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from broker.clock import Clock
from broker.delivery import Delivered, Delivery, Failed, Outcome, OutcomeClass, Reason
from broker.token_bucket import TokenBucket
from sinks.file_batch.columnar import Columns, PredictsColumns
from sinks.file_batch.record import Value
from sinks.file_batch.results import Failure, Results
from sinks.file_batch.sink import FileBatchSink
from sinks.inference.column_answer import ColumnAnswer
from triggers.file_jobs.admission import Admission
from triggers.file_jobs.ends import JobFails, JobPauses, first_of
from triggers.file_jobs.judging import Verdict
from triggers.file_jobs.requests import (
    Origin,
    Prediction,
    Record,
    each_delivered,
    gives_rows,
    one_delivery,
    one_prediction,
    reply_of,
    spread,
    takes_rows,
)
from triggers.file_jobs.sizing import batch_limit, learn_size

WAIT_SECONDS_MIN = 0.2  # before the second attempt of a call; then twice as long each time
WAIT_SECONDS_MAX = 30.0
_BISECTED = (OutcomeClass.BAD_INPUT, OutcomeClass.SUSPECT)
_HELD = (OutcomeClass.OVERLOAD, OutcomeClass.NOT_READY)


@dataclass(slots=True)
class Told:
    """What the answers said of the model."""

    model: str = ""
    version: str | None = None


@dataclass(slots=True)
class Found:
    """What came of the records so far, by their index."""

    predictions: list[Value]
    replies: list[Mapping[str, str]]
    failures: dict[int, Failure] = field(default_factory=dict)


class Calls:
    """Those of one job. `callsAtOnce` and the rate of its spec are over all of its chunks."""

    def __init__(
        self, origin: Origin, sink: FileBatchSink, admission: Admission, clock: Clock
    ) -> None:
        self._origin = origin
        self._sink = sink
        self._call_spec = sink.spec.call
        self._admission = admission
        self._clock = clock
        self._slots = asyncio.Semaphore(self._call_spec.calls_at_once)
        rate = self._call_spec.rate_per_second
        self._rate = None if rate is None else TokenBucket(rate)
        self._takes_rows = takes_rows(sink.model_spec)
        self._gives_rows = gives_rows(sink.model_spec)
        self._batch = batch_limit(self._call_spec, sink.model_spec)
        self._away_since: float | None = None  # the model, for all calls
        self.told = Told()

    async def predict(self, records: Sequence[Record]) -> Results:
        """A prediction or a failure for each. Raises JobFails, JobPauses."""
        found = Found([None] * len(records), [{}] * len(records))
        left = self._batches(records)  # the carriers take turns: a task a batch may be a task a row
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(len(records), self._call_spec.calls_at_once)):
                    group.create_task(self._carry_each(records, left, found))
        except BaseExceptionGroup as failed:
            raise first_of(failed) from failed
        failures = dict(sorted(found.failures.items()))
        return Results(found.predictions, failures, found.replies)

    @property
    def takes_columns(self) -> bool:
        """Whether `call_columns` may be asked. Events of records need the replies, one by one."""
        is_able = self._takes_rows and isinstance(self._sink.called, PredictsColumns)
        return is_able and not self._sink.spec.progress.tells_records

    @property
    def calls_at_once(self) -> int:
        return self._call_spec.calls_at_once

    @property
    def payload_bytes_max(self) -> int:
        return self._call_spec.payload_bytes_max

    @property
    def batch_records(self) -> int:
        """How many records the next call may have."""
        return self._batch.value

    async def call_columns(self, columns: Columns, records: int) -> ColumnAnswer | None:
        """One call. One that says nothing leaves the target's state to the events that follow."""
        model, limits, target = self._sink.called, self._sink.spec.limits, self._sink.target
        assert isinstance(model, PredictsColumns), "takes_columns says so"
        async with self._slots:
            await self._await_rate()
            await self._admission.enter(target, self._sink.model_spec.max_in_flight, limits.share)
            answer, began = None, self._clock.monotonic()
            try:
                deadline = began + self._call_spec.timeout_seconds
                wanted = self._sink.spec.write.output_filter
                answer = await model.predict_columns(columns, wanted, deadline)
            finally:
                self._admission.leave(target, () if answer is None else (Delivered(),))
        if answer is not None:
            self._batch.good(records, self._clock.monotonic() - began)
            self._away_since = None
            self.told.model, self.told.version = answer.model, answer.version
        return answer

    async def _await_rate(self) -> None:
        while self._rate is not None:
            if not (wait_seconds := self._rate.take(1, self._clock.monotonic())):
                return
            await asyncio.sleep(wait_seconds)

    async def _carry_each(
        self, records: Sequence[Record], left: Iterator[Sequence[int]], found: Found
    ) -> None:
        for batch in left:
            await self._carry(records, batch, found)

    def _batches(self, records: Sequence[Record]) -> Iterator[Sequence[int]]:
        """Which records go together: by their size, and by as many as a call may have by then."""
        start, size_bytes = 0, 0
        for at, record in enumerate(records):
            size_bytes += len(record.data) + 1
            is_full = size_bytes > self._call_spec.payload_bytes_max
            if at > start and (at - start >= self._batch.value or is_full):
                yield range(start, at)
                start, size_bytes = at, len(record.data) + 1
        if records:
            yield range(start, len(records))

    async def _carry(self, records: Sequence[Record], batch: Sequence[int], found: Found) -> None:
        """Call until each of `batch` has its prediction or its failure."""
        attempt, wait_seconds = 1, WAIT_SECONDS_MIN
        while True:
            sent = [records[at] for at in batch]
            as_list = self._goes_as_list(sent)
            began = self._clock.monotonic()
            answers = await self._send(sent, as_list, attempt)
            learn_size(self._batch, answers, self._clock.monotonic() - began)
            if as_list and self._is_divided(answers[0]):
                middle = len(batch) // 2
                await self._carry(records, batch[:middle], found)
                await self._carry(records, batch[middle:], found)
                return
            again = [
                (at, answer)
                for at, answer in zip(batch, answers, strict=True)
                if not self._is_settled(found, at, answer, attempt)
            ]
            if not again:
                return
            attempt += not all(_is_held(answer) for _, answer in again)
            batch = [at for at, _ in again]
            await asyncio.sleep(wait_seconds)
            wait_seconds = min(2.0 * wait_seconds, WAIT_SECONDS_MAX)

    def _goes_as_list(self, sent: Sequence[Record]) -> bool:
        """Whether they are one event: a model that takes no batch gets them one by one."""
        if len(sent) == 1 or not self._takes_rows or self._sink.called.batch_limit == 1:
            return False
        return all(each.is_json for each in sent)

    def _is_divided(self, answer: Prediction | Failed) -> bool:
        """A list failed for what may be one record's fault: each half is tried alone."""
        if isinstance(answer, Prediction) or not self._call_spec.bisects:
            return False
        return answer.outcome_class in _BISECTED

    async def _send(
        self, sent: Sequence[Record], as_list: bool, attempt: int
    ) -> Sequence[Prediction | Failed]:
        """What one call gives for each."""
        if not as_list:
            outcomes = await self._call(each_delivered(self._origin, sent, attempt))
            return [
                one_prediction(each, self._gives_rows) if isinstance(each, Delivered) else each
                for each in outcomes
            ]
        (outcome,) = await self._call([one_delivery(self._origin, sent, attempt)])
        return spread(outcome, len(sent))

    async def _call(self, deliveries: Sequence[Delivery]) -> Sequence[Outcome]:
        """One call, once the model, its other callers and the rate let it go."""
        sink, limits = self._sink, self._sink.spec.limits
        async with self._slots:
            await self._await_rate()
            target = sink.target
            await self._admission.enter(target, sink.model_spec.max_in_flight, limits.share)
            outcomes: Sequence[Outcome] = ()
            try:
                deadline = self._clock.monotonic() + self._call_spec.timeout_seconds
                outcomes = await sink.called.deliver(deliveries, deadline)
            finally:
                self._admission.leave(target, outcomes)
        for outcome in outcomes:
            if isinstance(outcome, Delivered):
                self._learn(outcome)
                break
        return outcomes

    def _learn(self, delivered: Delivered) -> None:
        self._away_since = None
        attributes = reply_of(delivered)
        self.told.model = attributes.get("inferencemodel", self.told.model)
        self.told.version = attributes.get("inferenceversion", self.told.version)

    def _is_settled(self, found: Found, at: int, answer: Prediction | Failed, attempt: int) -> bool:
        """Whether there is nothing more to try for one record; then it is in `found`.

        Raises JobFails, JobPauses for what is no record's fault.
        """
        if isinstance(answer, Prediction):
            found.predictions[at], found.replies[at] = answer
            return True
        kind = answer.outcome_class
        if kind is OutcomeClass.CONFIG:
            raise JobPauses(answer.message)
        if _is_held(answer):
            self._wait_for_model(answer)
            return False
        if kind is not OutcomeClass.BAD_INPUT and attempt <= self._call_spec.retries:
            return False
        if kind is OutcomeClass.TRANSIENT:
            why = f"the model does not answer: {answer.message}"
            raise JobFails(Verdict(Reason.ATTEMPTS, why))
        found.failures[at] = failure_of(answer, attempt)
        return True

    def _wait_for_model(self, answer: Failed) -> None:
        """It is away: no attempt is used, for as long as it may be."""
        now = self._clock.monotonic()
        self._away_since = self._away_since or now
        if now - self._away_since > self._sink.model_spec.hold.max_hold_seconds:
            raise JobFails(Verdict(Reason.NOT_READY, answer.message))


def _is_held(answer: Prediction | Failed) -> bool:
    """Whether it says nothing of the record. A refusal does, whatever it says of the model too."""
    if isinstance(answer, Prediction) or answer.outcome_class is OutcomeClass.BAD_INPUT:
        return False
    return answer.is_held or answer.outcome_class in _HELD


def failure_of(failed: Failed, attempts: int) -> Failure:
    """What is written of a record that has no prediction."""
    name = failed.outcome_class.value.upper()
    return Failure(name, failed.message, failed.status, attempts, failed.evidence.body)
