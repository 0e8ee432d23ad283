"""From a delivery to what a call needs, and back to a reply; all that one event can spoil."""

from collections.abc import Sequence
from datetime import datetime

import numpy
import orjson

from broker.delivery import Delivered, Delivery, Failed, Outcome, OutcomeClass, Reason
from broker.errors import Invalid, TooLarge
from sinks.inference.input import Feeds, Input
from sinks.inference.model import Model
from sinks.inference.onnx_output import taken
from sinks.inference.output import Output
from sinks.inference.reply import ReplyWriter
from sinks.inference.tensors import Tensor


class Item:
    """One event ready for a call: its tensors, and the attributes its reply will have."""

    __slots__ = ("attributes", "delivery", "feeds", "key")

    def __init__(self, delivery: Delivery, feeds: Feeds, attributes: dict[str, str]) -> None:
        self.delivery = delivery
        self.feeds = feeds
        self.attributes = attributes
        self.key = tuple(tensor.shape[1:] for tensor in feeds.tensors.values())


class Preparation:
    """What one loaded model needs of an event, and makes of an answer."""

    def __init__(self, model: Model, input: Input, output: Output, replies: ReplyWriter) -> None:
        self.model = model
        self._input = input
        self._output = output
        self._replies = replies
        self._model_name = replies.model

    def item(self, delivery: Delivery) -> Item | Failed:
        """The item, or a BAD_INPUT for this event alone."""
        try:
            data = orjson.loads(delivery.event.data or b"")
            attributes = self._replies.attributes(delivery, data)
            return Item(delivery, self._input.feeds(data), attributes)
        except orjson.JSONDecodeError as error:
            return _bad_input(f"data: it is no JSON ({error})")
        except Invalid as error:
            return _bad_input(str(error))

    def reply(
        self, item: Item, outputs: Sequence[object], now: datetime, call_seconds: float
    ) -> Outcome:
        """Delivered with the reply, or why there is none."""
        if self._replies.is_none:
            return Delivered()
        try:
            given = taken(self._output.take, self.model.outputs, outputs, self._model_name)
            data = self._output.data(given, item.delivery.event.data or b"")
            return Delivered(self._replies.event(item.attributes, data, now, call_seconds))
        except TooLarge as error:
            return Failed(OutcomeClass.BAD_INPUT, str(error), reason=Reason.TOO_LARGE)
        except Invalid as error:
            return Failed(OutcomeClass.SUSPECT, f"the answer makes no reply: {error}")


def joined(items: Sequence[Item]) -> dict[str, Tensor]:
    """One tensor per input for all items, in their order; their `key`s are equal."""
    if len(items) == 1:
        return dict(items[0].feeds.tensors)
    return {
        name: numpy.concatenate([item.feeds.tensors[name] for item in items])
        for name in items[0].feeds.tensors
    }


def grouped(items: Sequence[Item], records_max: int) -> list[list[Item]]:
    """Items that may share a call, at most `records_max` records in each unless one has more."""
    groups: list[list[Item]] = []
    fillable: dict[object, tuple[list[Item], int]] = {}
    for item in items:
        group, records = fillable.get(item.key, ([], records_max))
        if records + item.feeds.records > records_max:
            group, records = [], 0
            groups.append(group)
        group.append(item)
        fillable[item.key] = (group, records + item.feeds.records)
    return groups


def _bad_input(message: str) -> Failed:
    return Failed(OutcomeClass.BAD_INPUT, message, reason=Reason.BAD_INPUT)
