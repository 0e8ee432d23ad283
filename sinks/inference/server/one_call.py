"""One call to a model: a request for some events, and the parts of its answer or why not."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from broker.clock import Clock
from broker.delivery import Evidence, Failed, OutcomeClass, Reason
from broker.errors import Denied, Invalid, Unavailable
from sinks.inference.classes.no_answer import judge_no_answer
from sinks.inference.protocol import Item, ModelAnswer, Part, Refusal
from sinks.inference.server.caller import CUT, Called, Caller
from sinks.inference.server.counts import VariantCounts
from sinks.inference.server.learning import Learner
from sinks.inference_spec import InferenceSinkSpec
from sinks.target_gate import Entry
from sinks.target_model import ModelTarget


class Answered(NamedTuple):
    """The parts of one call, what it took, and its status."""

    parts: Sequence[Part]
    seconds: float
    status: int


class Calls:
    """Those to one variant; counts them."""

    def __init__(
        self,
        spec: InferenceSinkSpec,
        caller: Caller,
        learner: Learner,
        target: ModelTarget,
        clock: Clock,
        counts: VariantCounts,
    ) -> None:
        self._spec = spec
        self._caller = caller
        self._learner = learner
        self._target = target
        self._clock = clock
        self._counts = counts

    async def call(
        self, items: Sequence[Item], entry: Entry, deadline: float
    ) -> Answered | Refusal:
        """One request and its answer."""
        protocol, began = self._learner.protocol, self._clock.monotonic()
        try:
            request = protocol.request(items)
            if len(request.body) > self._spec.limits.max_request_bytes:
                return _refused_here(too_large(self._spec), Reason.TOO_LARGE)
            if entry is Entry.WAKE:
                request = replace(request, is_waking=True)
            called = await self._caller.post(request, deadline)
        except Invalid as error:
            return _refused_here(str(error))
        except (Denied, Unavailable) as error:
            return _no_credentials(error)
        seconds = self._clock.monotonic() - began
        self._counts.batch_records.observe(sum(item.records for item in items))
        self._counts.call_seconds.observe(seconds)
        return self._read(items, called, entry, seconds)

    def _read(
        self, items: Sequence[Item], called: Called, entry: Entry, seconds: float
    ) -> Answered | Refusal:
        if isinstance(called, ModelAnswer):
            known = replace(
                called, is_waking=entry is Entry.WAKE, others_succeed=self._counts.events_ok > 0
            )
            parts = self._learner.protocol.parts(items, known)
            return parts if isinstance(parts, Refusal) else Answered(parts, seconds, called.status)
        if called.phase == CUT:
            evidence = Evidence(phase="read")
            return Refusal(Failed(OutcomeClass.SUSPECT, called.message, evidence=evidence))
        if called.phase == "timeout" and called.was_sent:
            self._target.linger(self._clock.monotonic())
        return judge_no_answer(
            called.phase,
            was_sent=called.was_sent,
            message=called.message,
            is_resent=self._spec.is_resent,
        )


def _refused_here(what: str, reason: Reason = Reason.BAD_INPUT) -> Refusal:
    return Refusal(Failed(OutcomeClass.BAD_INPUT, what, reason=reason))


def _no_credentials(error: Denied | Unavailable) -> Refusal:
    """Nothing was sent: somebody has to act, or the token URL has to come back."""
    is_denied = isinstance(error, Denied)
    found = OutcomeClass.CONFIG if is_denied else OutcomeClass.NOT_READY
    return Refusal(Failed(found, str(error), pause=is_denied))


def too_large(spec: InferenceSinkSpec) -> str:
    bytes_max = spec.limits.max_request_bytes
    return f"the request is larger than limits.maxRequestBytes, {bytes_max:,} bytes"
