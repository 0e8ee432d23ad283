"""What an ONNX model gave, as `output.take` asks, and cut by the events of a batch."""

from collections.abc import Sequence
from typing import Any

import numpy

from broker.errors import Invalid
from sinks.inference.tensors import DATATYPES, to_json

_DATATYPE_NAMES = {numpy.dtype(kind): name for name, kind in DATATYPES.items()}


def taken(take: str, names: Sequence[str], outputs: Sequence[object], model_name: str) -> object:
    """Outputs by name, the first alone, or all as the Open Inference Protocol writes them."""
    if take == "tensors":
        return {name: to_json(each) for name, each in zip(names, outputs, strict=True)}
    if take == "predictions":
        predictions = to_json(outputs[0])
        alone = isinstance(predictions, list) and len(predictions) == 1
        return predictions[0] if alone and isinstance(predictions, list) else predictions
    tensors = [_described(name, each) for name, each in zip(names, outputs, strict=True)]
    return {"model_name": model_name, "outputs": tensors}


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
