"""One event put to a model of this process to be looked at: tensors in, tensors out."""

import asyncio
from typing import Any

import orjson

from broker.clock import Clock
from broker.delivery import Delivery, Failed, OutcomeClass
from broker.errors import Invalid
from sinks.inference.model import Model, error_class
from sinks.inference.onnx_output import taken
from sinks.inference.overflow import Large
from sinks.inference.prepare import Item, Preparation, joined
from sinks.inference.tensors import to_json
from sinks.trying import Answered, Sent, Tried

_OPTIONS = orjson.OPT_NON_STR_KEYS  # ZipMap makes them of class numbers


async def try_model(
    loaded: Preparation, url: str, delivery: Delivery, deadline: float, clock: Clock
) -> Tried:
    """Run the model for one event, in a thread beside the sink's; the run ends by `deadline`."""
    (item,) = loaded.items([delivery])
    if isinstance(item, Failed):
        return Tried(None, None, item)
    sent = Sent("run", url, (), orjson.dumps({"inputs": _inputs(item)}, option=_OPTIONS))
    began, stop = clock.monotonic(), loaded.model.stop()
    try:
        async with asyncio.timeout(deadline - began):
            outputs = await asyncio.to_thread(loaded.model.run, joined([item]), stop)
        shown = taken("raw", loaded.model.outputs, outputs, "")
    except TimeoutError:
        stop.terminate = True  # else its thread would go on for nobody
        return Tried(sent, None, Failed(OutcomeClass.TRANSIENT, "no answer in time"))
    except Invalid as error:
        return Tried(sent, None, Failed(OutcomeClass.SUSPECT, str(error)))
    except Exception as error:  # noqa: BLE001 - its errors have no common parent of their own
        message = f"{type(error).__name__}: {str(error)[:500]}"
        return Tried(sent, None, Failed(error_class(error), message))
    seconds = clock.monotonic() - began
    outcome = loaded.reply(item, outputs, clock.now(), seconds)
    if isinstance(outcome, Large):  # shown as it would be, and nothing stored
        outcome = outcome.delivered
    answer = Answered(None, (), orjson.dumps(shown, option=_OPTIONS))
    return Tried(sent, answer, outcome, seconds)


def describe(model: Model) -> str:
    """A loaded model in a sentence."""
    inputs = ", ".join(map(str, model.inputs.values()))
    return f"loaded; takes {inputs}, gives {', '.join(model.outputs)}"


def _inputs(item: Item) -> list[dict[str, Any]]:
    """The tensors as the Open Inference Protocol writes them, nested."""
    return [
        {"name": name, "shape": list(tensor.shape), "data": to_json(tensor)}
        for name, tensor in item.feeds.tensors.items()
    ]
