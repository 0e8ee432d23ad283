"""A model server with time of its own: asleep, broken or well, as a scenario says."""

import asyncio
from collections.abc import Callable

import orjson

from broker.codec import make_event
from broker.event import Event
from sinks.inference.protocol import ModelAnswer, ModelRequest
from sinks.inference.server.caller import Called, Unanswered
from sinks.inference.server.sink import ModelServerSink
from sinks.inference_spec import InferenceSinkSpec, ReplySpec
from tests.scenarios.house import LoopClock

Answer = Callable[[list[int]], Called]


def predicting(numbers: list[int]) -> Called:
    return ModelAnswer(200, body=orjson.dumps({"predictions": numbers}))


def refusing(status: int, text: str = "no") -> Answer:
    return lambda _: ModelAnswer(status, body=orjson.dumps({"error": text}))


def unreachable(_numbers: list[int]) -> Called:
    return Unanswered("connect", "no connection (Connection refused)", was_sent=False)


class ScriptedServer:
    """`answer` gets the numbers of a call; `calls` and `probes` are what it was asked."""

    def __init__(self) -> None:
        self.answer: Answer = predicting
        self.seconds = 0.01
        self.calls: list[list[int]] = []
        self.called_at: list[float] = []
        self.probes = 0
        self.is_up = True
        self.under_way = self.most_under_way = 0

    async def post(self, request: ModelRequest, deadline: float) -> Called:
        numbers = [row[0] for row in orjson.loads(request.body)["instances"]]
        self.calls.append(numbers)
        self.called_at.append(asyncio.get_running_loop().time())
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(self.seconds)
        self.under_way -= 1
        return self.answer(numbers) if self.is_up else unreachable(numbers)

    async def get(self, path: str, deadline: float) -> Called:
        self.probes += 1
        await asyncio.sleep(self.seconds)
        return ModelAnswer(200) if self.is_up else unreachable([])

    @property
    def seen(self) -> list[int]:
        return [number for call in self.calls for number in call]


def served_by(
    served: ScriptedServer | Callable[[InferenceSinkSpec], ScriptedServer], **fields: object
) -> Callable[[], ModelServerSink]:
    """Makes the sink of one server, or of the servers of its variants."""
    facts: dict[str, object] = {"model": "m", "server": "generic", "reply": ReplySpec("none")}
    spec = InferenceSinkSpec("default/m", "v1", "http://m", **(facts | fields))  # type: ignore[arg-type]

    def make() -> ModelServerSink:
        def caller_of(one: InferenceSinkSpec) -> ScriptedServer:
            return served if isinstance(served, ScriptedServer) else served(one)

        return ModelServerSink(spec, LoopClock(), chance=lambda: 0.5, caller_of=caller_of)

    return make


def asking(number: int, **attributes: str) -> Event:
    """An event with one instance, the number."""
    facts = {"specversion": "1.0", "id": str(number), "source": "/s", "type": "t"}
    typed = {"datacontenttype": "application/json"}
    return make_event(facts | typed | attributes, orjson.dumps({"instances": [[number]]}))
