"""What one refused call means for its events, its gate and its limits. Decides, and sends nothing.

| class     | gate            | batch, calls    | outcome                                      |
| --------- | --------------- | --------------- | -------------------------------------------- |
| bad_input | counts refusals | -               | dead; held where the configuration is to blame |
| overload  | breaker         | both halved     | parked, no attempt used                      |
| not_ready | away            | one call        | held                                         |
| transient | breaker         | one call less   | parked; one that breaks a probe is held      |
| suspect   | breaker         | -               | parked by waits of its own                   |
| config    | -               | -               | held, and the trigger is paused              |
"""

from collections.abc import Sequence
from dataclasses import replace

from broker.delivery import Failed, Outcome, OutcomeClass
from sinks.inference.protocol import Item, Refusal
from sinks.inference.server.readiness import UNREACHABLE
from sinks.inference_spec import InferenceSinkSpec
from sinks.target_gate import Entry, Gate
from sinks.target_limits import BatchLimit
from sinks.target_model import ModelTarget

SUSPECT_WAITS_SECONDS = (5.0, 30.0)  # a restarting worker answers 500 for some 8 s


class Verdict:
    """Of one variant."""

    def __init__(
        self, spec: InferenceSinkSpec, gate: Gate, target: ModelTarget, batch: BatchLimit
    ) -> None:
        self._spec = spec
        self._gate = gate
        self._target = target
        self._calls = target.calls
        self._batch = batch
        first, last = SUSPECT_WAITS_SECONDS
        retries = spec.limits.suspect_retries
        self._suspect_waits = (first, *[last] * (retries - 1)) if retries else ()

    def outcomes(
        self, refusal: Refusal, items: Sequence[Item], entry: Entry, now: float
    ) -> list[Outcome]:
        """One for each of `items`, for a call that is not to be divided any more."""
        failed, found = refusal.failed, refusal.outcome_class
        if found is OutcomeClass.NOT_READY and self._is_missing_for_long(refusal, now):
            what = f"{failed.message}, for longer than hold.notFoundGrace"
            failed, found = replace(failed, message=what), OutcomeClass.CONFIG
        if found is OutcomeClass.NOT_READY:
            return [self._away(failed, now)] * len(items)
        if found is OutcomeClass.CONFIG:
            self._gate.leave(entry, now)
            stopped = replace(failed, outcome_class=found, reason=None, pause=True, is_held=True)
            return [stopped] * len(items)
        if found is OutcomeClass.BAD_INPUT:
            return [self._refused(failed, item, now) for item in items]
        return [self._failed(failed, items, entry, now)] * len(items)

    def refused_here(self, failed: Failed, item_id: str, entry: Entry, now: float) -> Failed:
        """An event that cannot even be sent; where all are so, the configuration is to blame."""
        if entry is Entry.WAKE or (entry is Entry.PROBE and not self._gate.is_opened_by_refusals):
            return failed
        is_held = self._gate.refused(now, item_id)
        return replace(failed, reason=None, is_held=True) if is_held else failed

    def answered(self, outcome: Outcome) -> Outcome:
        """Of an event whose call was answered well, though its part may make no reply."""
        if isinstance(outcome, Failed) and outcome.outcome_class is OutcomeClass.SUSPECT:
            return replace(outcome, waits_seconds=self._suspect_waits)
        return outcome

    def _is_missing_for_long(self, refusal: Refusal, now: float) -> bool:
        if not refusal.is_missing:
            return False
        return self._gate.missing_seconds(now) >= self._spec.hold.not_found_grace_seconds

    def _away(self, failed: Failed, now: float) -> Failed:
        self._gate.away(
            now,
            failed.message,
            unreachable=failed.evidence.phase in UNREACHABLE,
            wished_seconds=failed.retry_after_seconds or 0.0,
        )
        self._target.begin_anew(self._gate)
        return replace(failed, reason=None, is_held=True)

    def _refused(self, failed: Failed, item: Item, now: float) -> Failed:
        is_held = self._gate.refused(now, item.delivery.id)
        return replace(failed, reason=None, is_held=True) if is_held else failed

    def _failed(self, failed: Failed, items: Sequence[Item], entry: Entry, now: float) -> Failed:
        found = failed.outcome_class
        if found is OutcomeClass.OVERLOAD:
            self._batch.halve()
            self._calls.halve()
        elif found is OutcomeClass.TRANSIENT:
            self._calls.lessen()
        self._gate.failed(now, [item.delivery.id for item in items], found)
        if entry is Entry.PROBE and failed.reason is None:
            return replace(failed, is_held=True)
        if found is OutcomeClass.SUSPECT:
            return replace(failed, waits_seconds=self._suspect_waits)
        return failed
