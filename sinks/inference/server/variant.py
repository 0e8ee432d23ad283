"""One variant of a model: its gate, its batches, and the calls to it."""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from typing import Literal

from broker.clock import Clock
from broker.codec import Limits
from broker.delivery import Delivery, Failed, Outcome, OutcomeClass, Reason
from broker.errors import Invalid
from sinks.inference.overflow import all_settled
from sinks.inference.protocol import Item, Refusal
from sinks.inference.replies import Replies
from sinks.inference.server.apart import kept_apart
from sinks.inference.server.caller import Caller
from sinks.inference.server.counts import VariantCounts
from sinks.inference.server.learning import Learner
from sinks.inference.server.one_call import Answered, Calls, too_large
from sinks.inference.server.questions import Questions
from sinks.inference.server.split import grouped
from sinks.inference.server.trial import try_model
from sinks.inference.server.verdict import Verdict
from sinks.inference_spec import InferenceSinkSpec
from sinks.target import TargetState
from sinks.target_gate import Entry, Gate
from sinks.target_limits import BatchLimit
from sinks.target_model import ModelTarget
from sinks.trying import Tried

DIVIDED_STATUSES = (413, 507)  # too large, out of memory: of a batch, smaller ones may pass
_BISECTED = (OutcomeClass.BAD_INPUT, OutcomeClass.SUSPECT)
Attributes = dict[str, str]


class Variant:
    """Made without I/O; raises Invalid for a spec that cannot be meant."""

    def __init__(
        self,
        name: str,
        spec: InferenceSinkSpec,
        caller: Caller,
        target: ModelTarget,
        clock: Clock,
        broker_of: Callable[[str], str],
        limits: Limits,
    ) -> None:
        self.name = name
        self.caller = caller
        self.gate: Gate = target.gates[name]
        self.counts = VariantCounts()
        self._spec = spec
        self._target = target
        self._clock = clock
        self._limits = limits
        self._learner = Learner(spec, caller, clock.now, limits)
        self.questions = Questions(name, spec, caller, self._learner, self.gate, clock)
        self._replies = Replies(spec, broker_of, limits, name or None)
        records_max = min(spec.batch_max_records, max(1, self._learner.protocol.batch_limit))
        self.batch = BatchLimit(
            records_max, spec.batch.target_latency_seconds, is_adaptive=spec.batch.is_adaptive
        )
        self._verdict = Verdict(spec, self.gate, target, self.batch)
        self._calls = Calls(spec, caller, self._learner, target, clock, self.counts)
        self._bisects_from = self._alone_until = 0.0

    async def carry(self, deliveries: Sequence[Delivery], deadline: float) -> list[Outcome]:
        """One outcome each, in order; held or kept apart where it is not called now."""
        outcomes = await self._carry_if_let_in(deliveries, deadline)
        now, hold = self._clock.monotonic(), self._spec.hold
        return [kept_apart(one, self.gate, self._target, hold, now) for one in outcomes]

    async def _carry_if_let_in(
        self, deliveries: Sequence[Delivery], deadline: float
    ) -> list[Outcome]:
        now = self._clock.monotonic()
        entry = self.gate.enter(now)
        if entry is None:
            return [self._waiting()] * len(deliveries)
        try:
            return await self._carry_as(entry, deliveries, now, deadline)
        finally:
            self.gate.leave(entry, self._clock.monotonic())

    async def _carry_as(
        self, entry: Entry, deliveries: Sequence[Delivery], now: float, deadline: float
    ) -> list[Outcome]:
        if entry is Entry.WAKE:
            deadline = max(deadline, now + self._spec.hold.wake_timeout_seconds)
            if (away := await self.questions.before_waking()) is not None:
                return [away] * len(deliveries)
        if self._learner.is_due:
            await self._learner.ask(min(deadline, now + 2 * self._spec.timeouts.probe_seconds))
        if (misfit := self._learner.misfit) is not None:
            self._learner.forget()  # whoever lets it go on has changed something
            self.counts.note_error(misfit, len(deliveries), self._clock.now())
            return [misfit] * len(deliveries)
        return await self._carry_items(deliveries, entry, deadline)

    async def close(self) -> None:
        """What it stores is written; it may be used again."""
        if self._replies.overflow is not None:
            await self._replies.overflow.close()

    def speaking(self, binary: Literal["true", "false"]) -> "Variant":
        """The same gate, batches and counts for a caller who says how tensors are written."""
        other, spec = copy(self), replace(self._spec, binary=binary)
        learner = Learner(spec, self.caller, self._clock.now, self._limits)
        other._spec, other._learner = spec, learner
        other._calls = Calls(spec, self.caller, learner, self._target, self._clock, self.counts)
        return other

    async def try_one(self, delivery: Delivery, deadline: float) -> Tried:
        """One request to be looked at: no gate, limit or count hears of it."""
        protocol, caller = self._learner.protocol, self.caller
        return await try_model(
            protocol, self._replies, caller, self._spec, delivery, deadline, self._clock
        )

    async def _carry_items(
        self, deliveries: Sequence[Delivery], entry: Entry, deadline: float
    ) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}  # by the delivery itself
        items: list[Item] = []
        attributes: dict[int, Attributes] = {}
        for delivery in deliveries:
            prepared = self._prepared(delivery, attributes, entry)
            if isinstance(prepared, Failed):
                outcomes[id(delivery)] = prepared
            else:
                items.append(prepared)
        is_alone = self._clock.monotonic() < self._alone_until
        records_max = 1 if is_alone else self.batch.value
        for group in grouped(items, records_max, self._spec.batch.max_bytes):
            found = await self._carry_group(group, attributes, entry, deadline)
            outcomes |= {id(item.delivery): one for item, one in zip(group, found, strict=True)}
        return [outcomes[id(delivery)] for delivery in deliveries]

    def _prepared(
        self, delivery: Delivery, attributes: dict[int, Attributes], entry: Entry
    ) -> Item | Failed:
        """What can be sent of an event, or why nothing can."""
        now = self._clock.monotonic()
        try:
            item = self._learner.protocol.item(delivery)
            attributes[id(delivery)] = dict(self._replies.attributes(delivery))
            if item.size_bytes <= self._spec.limits.max_request_bytes:
                return item
            what, reason = too_large(self._spec), Reason.TOO_LARGE
        except Invalid as error:
            what, reason = str(error), Reason.BAD_INPUT
        failed = Failed(OutcomeClass.BAD_INPUT, what, reason=reason)
        self.counts.note_error(failed, 1, self._clock.now())
        return self._verdict.refused_here(failed, delivery.id, entry, now)

    async def _carry_group(
        self,
        items: list[Item],
        attributes: dict[int, Attributes],
        entry: Entry,
        deadline: float,
    ) -> list[Outcome]:
        found = await self._carry_divided(items, attributes, entry, deadline)
        classes = {one.outcome_class for one in found if isinstance(one, Failed)}
        if len(items) > 1 and len(classes) == 1 and all(isinstance(one, Failed) for one in found):
            # Each failed alone, and alike: the model is the cause, and is spared more of this.
            window = self._spec.breaker.window_seconds
            self._bisects_from = self._clock.monotonic() + window
            if OutcomeClass.BAD_INPUT in classes:  # one by one: only so it shows that all are bad
                self._alone_until = self._bisects_from
        return found

    async def _carry_divided(
        self,
        items: list[Item],
        attributes: dict[int, Attributes],
        entry: Entry,
        deadline: float,
    ) -> list[Outcome]:
        """One call; where it is refused for what may be one event's fault, each half again."""
        now = self._clock.monotonic()
        if self.gate.is_stopped:  # by what an earlier part of the batch came to
            return [self._waiting()] * len(items)
        if now >= deadline:
            late = Failed(OutcomeClass.TRANSIENT, "no time was left for it in this attempt")
            return [late] * len(items)
        answered = await self._calls.call(items, entry, deadline)
        if isinstance(answered, Answered):
            return await self._good(items, attributes, answered, deadline)
        if len(items) > 1 and self._divides(answered, sum(item.records for item in items), entry):
            middle = len(items) // 2
            first = await self._carry_divided(items[:middle], attributes, entry, deadline)
            return first + await self._carry_divided(items[middle:], attributes, entry, deadline)
        self.counts.events_failed += len(items)
        self.counts.note_error(answered.failed, len(items), self._clock.now())
        if len(items) > 1 and answered.outcome_class is OutcomeClass.BAD_INPUT:
            # Whose fault it was is not known: for none of them may it be the end.
            doubted = replace(answered.failed, outcome_class=OutcomeClass.SUSPECT, reason=None)
            answered = replace(answered, failed=doubted)
        return self._verdict.outcomes(answered, items, entry, self._clock.monotonic())

    def _divides(self, refusal: Refusal, records: int, entry: Entry) -> bool:
        status = refusal.failed.status
        if refusal.batch_max is not None or status in DIVIDED_STATUSES:
            if refusal.batch_max is not None and status not in DIVIDED_STATUSES:
                self.batch.learn(refusal.batch_max)
            self.batch.too_large(records)
            return True
        if refusal.outcome_class not in _BISECTED or entry is not Entry.USUAL:
            return False
        if self._clock.monotonic() < self._bisects_from:
            return False
        self.counts.bisects += 1
        return True

    async def _good(
        self,
        items: Sequence[Item],
        attributes: dict[int, Attributes],
        answered: Answered,
        deadline: float,
    ) -> list[Outcome]:
        now, seconds = self._clock.monotonic(), answered.seconds
        if self.gate.good(now, len(items)):
            self._target.begin_anew(self.gate)
            self._learner.forget()
        else:
            # Larger calls before more of them: many small ones would share the same backlog.
            in_flight = 0 if self.batch.may_grow else self._target.in_flight
            self._target.calls.good(seconds, in_flight)
        self.batch.good(sum(item.records for item in items), seconds)
        tokens = sum(part.tokens for part in answered.parts)
        if tokens:
            self.counts.tokens += tokens
            self._target.spend(tokens, now)
        at = self._clock.now()
        found = [
            self._replies.outcome(
                item.delivery, attributes[id(item.delivery)], part, at, seconds, answered.status
            )
            for item, part in zip(items, answered.parts, strict=True)
        ]
        outcomes = await all_settled(self._replies.overflow, found, self._clock, deadline)
        outcomes = [self._verdict.answered(outcome) for outcome in outcomes]
        failed = [one for one in outcomes if isinstance(one, Failed)]
        for one in failed:
            self.counts.note_error(one, 1, at)
        self.counts.events_failed += len(failed)
        self.counts.events_ok += len(items) - len(failed)
        return outcomes

    def _waiting(self) -> Failed:
        if self.gate.state is TargetState.PAUSED:
            what = f"this variant is stopped: {self.gate.stopped_why}"
        else:
            what = f"the model is {self.gate.state.value}: nothing was sent"
        return Failed(OutcomeClass.NOT_READY, what, is_held=True)
