"""What a server says of itself and of its model, asked once: who it is, and what it takes."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from broker.codec import Limits
from broker.delivery import Failed, OutcomeClass
from broker.errors import Denied, Invalid, Unavailable
from sinks.inference.classes.learning import Learned, learned_of_metadata, learning_path
from sinks.inference.metadata import metadata_path, mismatches, read_inputs
from sinks.inference.protocol import InferenceProtocol, ModelAnswer
from sinks.inference.protocols import make_protocol
from sinks.inference.server.caller import Caller
from sinks.inference_spec import InferenceSinkSpec


class Learner:
    """Gives the protocol by which one variant is spoken to; a better one once it has asked.

    Raises Invalid for a spec that cannot be meant.
    """

    def __init__(
        self, spec: InferenceSinkSpec, caller: Caller, now: Callable[[], datetime], limits: Limits
    ) -> None:
        self._spec = spec
        self._caller = caller
        self._now = now
        self._limits = limits
        self._paths = [path for path in (learning_path(spec), metadata_path(spec)) if path]
        self.is_due = bool(self._paths)
        self._asking = asyncio.Lock()  # who comes meanwhile waits for what is learned
        self.protocol: InferenceProtocol = make_protocol(spec, now, None, limits)
        self.learned = Learned()
        self.misfit: Failed | None = None  # why no event can be sent as it is configured

    async def ask(self, deadline: float) -> bool:
        """Ask if it is due, and know more. False: nothing answered, or it was not asked.

        Where nothing answers it is asked again after the next waking.
        """
        async with self._asking:
            if not self.is_due:
                return False
            try:
                is_answered = await self._ask(deadline)
            except (Denied, Unavailable):
                return False  # no credentials: the call that follows says so
            self.is_due = False
            return is_answered

    async def _ask(self, deadline: float) -> bool:
        learned = Learned()
        if (path := learning_path(self._spec)) is not None:
            answer = await self._caller.get(path, deadline)
            if not isinstance(answer, ModelAnswer):
                return False
            learned = learned_of_metadata(answer)
        if (path := metadata_path(self._spec)) is not None:
            answer = await self._caller.get(path, deadline)
            if isinstance(answer, ModelAnswer) and answer.status == 200:
                learned = replace(learned, inputs=read_inputs(answer))
        self._take(learned)
        return True

    def forget(self) -> None:
        """It was away: what comes back may be another one."""
        self.is_due = bool(self._paths)

    def _take(self, learned: Learned) -> None:
        self.misfit, self.learned = None, learned
        found = mismatches(self._spec, learned.inputs)
        if found:
            self._say("; ".join(found))
            return
        try:
            self.protocol = make_protocol(self._spec, self._now, learned, self._limits)
        except Invalid as error:
            self._say(str(error))

    def _say(self, what: str) -> None:
        message = f"spec.input does not fit the model: {what}"
        self.misfit = Failed(OutcomeClass.CONFIG, message, pause=True, is_held=True)
