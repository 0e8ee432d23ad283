"""One protocol in hand: what it would send for some events, and what it reads from an answer."""

from datetime import UTC, datetime
from typing import Any

import orjson

from sinks.inference.classes.learning import Learned
from sinks.inference.protocol import (
    InferenceProtocol,
    Item,
    ModelAnswer,
    ModelRequest,
    Part,
    Refusal,
)
from sinks.inference.protocols import make_protocol
from sinks.inference_spec import InferenceSinkSpec
from tests.sinks.making import a_delivery, an_event

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def protocol(
    kind: str, learned: Learned | None = None, /, model: str | None = "iris", **spec: Any
) -> InferenceProtocol:
    made = InferenceSinkSpec("default/s", kind, "http://h", model=model, **spec)  # type: ignore[arg-type]
    return make_protocol(made, lambda: NOW, learned)


def items(made: InferenceProtocol, *data: Any, **attributes: str) -> list[Item]:
    """An item for each; bytes are data as they are, anything else is JSON."""
    bodies = [each if isinstance(each, bytes) else orjson.dumps(each) for each in data]
    events = [an_event(body, **{"id": f"e-{n}", **attributes}) for n, body in enumerate(bodies)]
    return [made.item(a_delivery(event, number=n)) for n, event in enumerate(events)]


def sent(made: InferenceProtocol, *data: Any, **attributes: str) -> ModelRequest:
    return made.request(items(made, *data, **attributes))


def body(made: InferenceProtocol, *data: Any, **attributes: str) -> Any:
    return orjson.loads(sent(made, *data, **attributes).body)


def parts(made: InferenceProtocol, data: list[Any], answer: Any, *headers: Any) -> list[Part]:
    """What an answer of 200 says of events with these data."""
    encoded = answer if isinstance(answer, bytes) else orjson.dumps(answer)
    found = made.parts(items(made, *data), ModelAnswer(200, headers, encoded))
    assert not isinstance(found, Refusal), found
    return list(found)


def refused(made: InferenceProtocol, data: list[Any], answer: Any, *headers: Any) -> str:
    """Why an answer of 200 is none."""
    encoded = answer if isinstance(answer, bytes) else orjson.dumps(answer)
    found = made.parts(items(made, *data), ModelAnswer(200, headers, encoded))
    assert isinstance(found, Refusal), found
    return found.failed.message
