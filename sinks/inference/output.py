"""What a model gave to the data of a reply, as the sink's `output` says."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy
import orjson

from broker.errors import Invalid
from sinks.inference.path import DataPath
from sinks.inference.tensors import DATATYPES, to_json

_TAKES = ("tensors", "predictions", "raw")
_KEYS = ("take", "path", "mergeUnder")
_DATATYPE_NAMES = {numpy.dtype(kind): name for name, kind in DATATYPES.items()}


class Output:
    """`take` tensors (default), predictions or raw; of it `path`; under the key `mergeUnder`."""

    def __init__(self, written: Mapping[str, Any], model_name: str) -> None:
        take = written.get("take", "tensors")
        unknown = [key for key in written if key not in _KEYS]
        if unknown or take not in _TAKES:
            raise Invalid(
                f"output has {', '.join(unknown)}" if unknown else f"output.take is {take!r}",
                code="model-output",
                where="spec.output",
                remedy=f"use {', '.join(_KEYS)}; take is one of {', '.join(_TAKES)}",
            )
        self._take = take
        self._path = DataPath(written["path"]) if written.get("path") else None
        self._merge_under: str | None = written.get("mergeUnder")
        self._model_name = model_name

    def data(self, names: Sequence[str], outputs: Sequence[object], event_data: bytes) -> bytes:
        """The JSON data of one event's reply.

        Raises Invalid(code="missing-field") where `path` finds nothing.
        """
        taken = self._taken(names, outputs)
        if self._path is not None:
            taken = self._path.one(taken)
        encoded = orjson.dumps(taken, option=orjson.OPT_NON_STR_KEYS)
        return encoded if self._merge_under is None else self._merged(event_data, encoded)

    def _taken(self, names: Sequence[str], outputs: Sequence[object]) -> object:
        if self._take == "tensors":
            return {name: to_json(each) for name, each in zip(names, outputs, strict=True)}
        if self._take == "predictions":
            predictions = to_json(outputs[0])
            alone = isinstance(predictions, list) and len(predictions) == 1
            return predictions[0] if alone and isinstance(predictions, list) else predictions
        tensors = [_described(name, each) for name, each in zip(names, outputs, strict=True)]
        return {"model_name": self._model_name, "outputs": tensors}

    def _merged(self, event_data: bytes, encoded: bytes) -> bytes:
        """The event's data with one more key; its own values stay the bytes they were."""
        assert self._merge_under is not None
        members: dict[str, msgspec.Raw]
        try:
            members = msgspec.json.decode(event_data, type=dict[str, msgspec.Raw])
        except msgspec.DecodeError:  # no object
            members = {"input": msgspec.Raw(event_data)}
        return msgspec.json.encode({**members, self._merge_under: msgspec.Raw(encoded)})


def cut(outputs: Sequence[object], counts: Sequence[int]) -> list[list[object]]:
    """The outputs of each event of a batch, by its number of records.

    Raises Invalid(code="bad-answer") for an output whose dim 0 is not their sum.
    """
    total = sum(counts)
    for output in outputs:
        if not isinstance(output, list | numpy.ndarray) or _length(output) != total:
            raise Invalid(f"an output does not have {total} rows", code="bad-answer")
    ends = numpy.cumsum(counts).tolist()
    return [
        [output[end - count : end] for output in outputs]  # type: ignore[index]
        for end, count in zip(ends, counts, strict=True)
    ]


def _length(output: Any) -> int:
    return 0 if isinstance(output, numpy.ndarray) and not output.ndim else len(output)


def _described(name: str, output: object) -> dict[str, object]:
    if not isinstance(output, numpy.ndarray):
        return {"name": name, "data": to_json(output)}
    datatype = _DATATYPE_NAMES.get(output.dtype, "BYTES")
    flat = to_json(output.reshape(-1))
    return {"name": name, "datatype": datatype, "shape": list(output.shape), "data": flat}
