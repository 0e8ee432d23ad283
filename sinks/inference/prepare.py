"""From a delivery to what a call needs, and back to a reply; all that one event can spoil."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy
import orjson

from broker.delivery import Delivered, Delivery, Failed, Outcome, OutcomeClass, Reason
from broker.errors import Invalid, TooLarge
from sinks.inference.column_answer import ColumnAnswer
from sinks.inference.input import Feeds, Input
from sinks.inference.model import Model, Stop
from sinks.inference.onnx_output import cut, taken
from sinks.inference.output import Output
from sinks.inference.overflow import Large
from sinks.inference.reply import ReplyWriter
from sinks.inference.tensors import Tensor, is_finite, to_json


class Item:
    """One event ready for a call: its tensors, and the attributes its reply will have."""

    __slots__ = ("attributes", "delivery", "feeds", "key")

    def __init__(self, delivery: Delivery, feeds: Feeds, attributes: dict[str, str]) -> None:
        self.delivery = delivery
        self.feeds = feeds
        self.attributes = attributes
        self.key = tuple([tensor.shape[1:] for tensor in feeds.tensors.values()])


class Preparation:
    """What one loaded model needs of an event, and makes of an answer."""

    def __init__(self, model: Model, input: Input, output: Output, replies: ReplyWriter) -> None:
        self.model = model
        self._input = input
        self._output = output
        self._replies = replies
        self._model_name = replies.model

    def items(self, deliveries: Sequence[Delivery]) -> list[Item | Failed]:
        """The item of each, or a BAD_INPUT for this event alone."""
        read = [_data_of(delivery) for delivery in deliveries]
        feeds = self._input.feeds_of_each(read)
        return list(map(self._item, deliveries, read, feeds))

    def _item(self, delivery: Delivery, data: object, feeds: Feeds | None) -> Item | Failed:
        """`data` is what was read of it, a Failed where it cannot be."""
        if isinstance(data, Failed):
            return data
        try:
            attributes = self._replies.attributes(delivery, data)
            return Item(delivery, feeds or self._input.feeds(data), attributes)
        except Invalid as error:
            return _bad_input(str(error))

    def parts(self, outputs: Sequence[object], items: Sequence[Item]) -> list[list[object]]:
        """What a call gave for each. Raises Invalid(code="bad-answer")."""
        if not self.model.batches:
            return [list(outputs)]
        if self._output.take != "raw":  # which says of what kind the tensors are
            outputs = [to_json(each) for each in outputs]
        return cut(outputs, [item.feeds.records for item in items])

    def columns(
        self, columns: Mapping[str, Sequence[object]], wanted: Sequence[str], stop: Stop
    ) -> ColumnAnswer | None:
        """The outputs `wanted` (none: all) for the rows of a table, by column. Blocks.

        None where all have to be sent as events, so that what is wrong can be said; raises
        onnxruntime's errors.
        """
        fed = self._input.feeds_of_columns(columns) if self.model.batches else None
        if fed is None:
            return None
        feeds, odd = fed
        names = [name for name in self.model.outputs if name in wanted] or self.model.outputs
        given = self.model.run(feeds.tensors, stop, names)
        if not all(map(is_finite, given)):  # to JSON those are null
            return None
        outputs = [to_json(each) for each in given]
        if not all(isinstance(each, list) and len(each) == feeds.records for each in outputs):
            return None
        made: dict[str, Any] = dict(zip(names, outputs, strict=True))
        return ColumnAnswer(made, odd, self._model_name, self._replies.version)

    def reply(
        self, item: Item, outputs: Sequence[object], now: datetime, call_seconds: float
    ) -> Outcome | Large:
        """Delivered with the reply, or why there is none; what is Large is to be stored first."""
        if self._replies.is_none:
            return Delivered()
        try:
            given = taken(self._output.take, self.model.outputs, outputs, self._model_name)
            data = self._output.data(given, item.delivery.event.data or b"")
            return self._replies.reply(item.delivery, item.attributes, data, now, call_seconds)
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


def _data_of(delivery: Delivery) -> object:
    """The JSON of its data, or a Failed."""
    try:
        return orjson.loads(delivery.event.data or b"")
    except orjson.JSONDecodeError as error:
        return _bad_input(f"data: it is no JSON ({error})")


def _bad_input(message: str) -> Failed:
    return Failed(OutcomeClass.BAD_INPUT, message, reason=Reason.BAD_INPUT)
