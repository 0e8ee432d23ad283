"""Questions to one variant of a model, without an event: is it there, and what does it take?"""

from broker.clock import Clock
from broker.delivery import Failed, OutcomeClass
from broker.errors import Denied, Invalid, Unavailable
from sinks.inference.server.caller import Caller
from sinks.inference.server.learning import Learner
from sinks.inference.server.readiness import why_not_ready
from sinks.inference.server.trial import describe
from sinks.inference_spec import InferenceSinkSpec
from sinks.target_gate import Gate


class Questions:
    """What is found out is told to `learner` and `gate`."""

    def __init__(
        self,
        name: str,
        spec: InferenceSinkSpec,
        caller: Caller,
        learner: Learner,
        gate: Gate,
        clock: Clock,
    ) -> None:
        self._name = name
        self._spec = spec
        self._caller = caller
        self._learner = learner
        self._gate = gate
        self._clock = clock

    async def probe(self) -> None:
        """Ask whether it is there; raises Unavailable with the reason."""
        found = await self._ask()
        if found is not None:
            raise Unavailable(
                found[0], where=self._name or None, remedy="start the server, or look at its logs"
            )

    async def check(self) -> str:
        """What is there, in words. Raises Unavailable, and Invalid where `input` does not fit."""
        await self.probe()
        await self._learner.ask(self._deadline(2))
        if self._learner.misfit is not None:
            what = self._learner.misfit.message
            raise Invalid(what, code="model-input", remedy="write spec.input as the model has it")
        return describe(self._spec, self._learner.learned)

    async def look(self) -> None:
        """Ask once what it takes, before the first event; where nothing answers nothing happens."""
        if not await self._learner.ask(self._deadline(2)):
            self._learner.forget()
        elif (misfit := self._learner.misfit) is not None:
            self._learner.forget()  # until the first event comes it may be another model
            self._gate.stop(self._clock.monotonic(), misfit.message)

    async def before_waking(self) -> Failed | None:
        """Where nothing listened no event is spent on asking; else a call itself wakes it."""
        how = self._spec.hold.wake_with
        if how == "event" or (how == "auto" and not self._gate.is_unreachable):
            return None
        found = await self._ask()
        if found is None:
            return None
        why, is_unreachable = found
        self._gate.away(self._clock.monotonic(), why, unreachable=is_unreachable)
        return Failed(OutcomeClass.NOT_READY, why, is_held=True)

    async def _ask(self) -> tuple[str, bool] | None:
        paths = self._learner.protocol.probe_paths()
        try:
            return await why_not_ready(self._caller, paths, self._deadline(1))
        except (Denied, Unavailable) as error:
            return str(error), False

    def _deadline(self, questions: int) -> float:
        return self._clock.monotonic() + questions * self._spec.timeouts.probe_seconds
