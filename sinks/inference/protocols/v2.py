"""The Open Inference Protocol (V2) of KServe, MLServer and Triton, in JSON or with raw tensors.

Source: Open Inference Protocol v2, inference request and response; binary tensor data extension.
"""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import orjson

from sinks.inference.flat_tensor import BINARY_ONLY, FlatTensor, joined
from sinks.inference.input_slot import InputSlot
from sinks.inference.protocol import Headers, ModelAnswer, Part
from sinks.inference.protocols.encoding import (
    JSON,
    BadAnswer,
    Content,
    EventView,
    answer_object,
    bad_data,
    canonical,
)
from sinks.inference.protocols.v2_binary import LENGTH, pack, unpack
from sinks.inference.protocols.v2_tensors import Asked, TensorReader
from sinks.inference_spec import InferenceSinkSpec


class V2Encoding:
    """`is_binary`: tensors go and come raw. `declared` are the model's inputs, if known."""

    def __init__(
        self,
        spec: InferenceSinkSpec,
        *,
        is_binary: bool = False,
        declared: Mapping[str, InputSlot] | None = None,
    ) -> None:
        self._reader = TensorReader(spec.input, declared or {}, is_binary=is_binary)
        self._is_binary = is_binary
        self._parameters: Mapping[str, Any] = spec.input.get("parameters", {})
        self._take = spec.output.get("take", "tensors")
        version = "/versions/{version}" if spec.version else ""
        self.path = f"/v2/models/{{model}}{version}/infer"
        self.probe_paths = (f"/v2/models/{{model}}{version}/ready",)
        self.batch_limit = spec.batch_max_records

    def content(self, view: EventView) -> Content:
        asked = self._reader.read(view)
        rows = {tensor.rows for tensor in asked.tensors}
        for tensor in asked.tensors:
            if tensor.datatype in BINARY_ONLY and not self._is_binary:
                raise bad_data(f"{tensor.name} is {tensor.datatype}, which JSON cannot write")
        parameters = {**asked.parameters, **self._parameters}
        asked = Asked(asked.tensors, parameters, asked.outputs)
        shapes = tuple((each.name, each.datatype, each.shape[1:]) for each in asked.tensors)
        own = [each.parameters for each in asked.tensors]
        joins = len(rows) == 1 and 0 not in rows
        key = (shapes, canonical([parameters, own, asked.outputs])) if joins else object()
        return Content(asked, rows.pop() if joins else 1, key)

    def encode(self, contents: Sequence[Content], name: str) -> tuple[Headers, bytes]:
        first: Asked = contents[0].value
        tensors = [
            joined(column) for column in zip(*(c.value.tensors for c in contents), strict=True)
        ]
        document: dict[str, Any] = {"id": name}
        parameters = dict(first.parameters)
        if self._is_binary:
            parameters["binary_data_output"] = True
        if parameters:
            document["parameters"] = parameters
        if not self._is_binary:
            document["inputs"] = [_written(tensor) for tensor in tensors]
            return JSON, orjson.dumps(_with_outputs(document, first))
        packed = [pack(tensor) for tensor in tensors]
        document["inputs"] = [
            _header(tensor, {"binary_data_size": len(data)})
            for tensor, data in zip(tensors, packed, strict=True)
        ]
        head = orjson.dumps(_with_outputs(document, first))
        headers = (("content-type", "application/octet-stream"), (LENGTH, str(len(head))))
        return headers, b"".join((head, *packed))

    def decode(self, contents: Sequence[Content], answer: ModelAnswer) -> Sequence[Part]:
        document, outputs = read_outputs(answer)
        version = document.get("model_version")
        facts = {"inferenceversion": version} if isinstance(version, str) and version else {}
        if len(contents) == 1:
            if outputs and contents[0].records and not any(each.data for each in outputs):
                raise BadAnswer("no output has a row")
            return [self._part(document, outputs, facts, contents[0].records)]
        total = sum(content.records for content in contents)
        for output in outputs:
            if output.rows != total:
                what = f"the output {output.name!r} has {output.rows} rows for {total} records"
                raise BadAnswer(what)
        parts, start = [], 0
        for content in contents:
            cut = [output.part(start, start + content.records) for output in outputs]
            start += content.records
            parts.append(self._part(document, cut, facts, content.records))
        return parts

    def _part(
        self,
        document: Mapping[str, Any],
        outputs: Sequence[FlatTensor],
        facts: dict[str, str],
        records: int,
    ) -> Part:
        if self._take == "raw":
            others = {key: value for key, value in document.items() if key not in ("outputs", "id")}
            described = [_written(output) for output in outputs]
            return Part({**others, "outputs": described}, facts=facts)
        if self._take == "predictions":
            nested = outputs[0].nested() if outputs else []
            alone = records == 1 and isinstance(nested, list) and len(nested) == 1
            return Part(nested[0] if alone else nested, facts=facts)
        return Part({output.name: output.nested() for output in outputs}, facts=facts)


def read_outputs(answer: ModelAnswer) -> tuple[dict[str, Any], list[FlatTensor]]:
    """An answer's document and its tensors. Raises BadAnswer."""
    if length := answer.header(LENGTH):
        return unpack(answer.body, length)
    document = answer_object(answer)
    outputs = document.get("outputs")
    if not isinstance(outputs, list) or not outputs:
        raise BadAnswer("the answer has no outputs")
    return document, [_output(entry) for entry in outputs]


def _output(entry: object) -> FlatTensor:
    """NaN comes as null, which is a value here; data is flat or nested."""
    if not isinstance(entry, dict) or not isinstance(entry.get("data"), list):
        raise BadAnswer("an output has no data")
    name, shape = str(entry.get("name")), entry.get("shape")
    if not isinstance(shape, list) or not all(type(size) is int and size >= 0 for size in shape):
        raise BadAnswer(f"the output {name!r} has no shape")
    flat = _flat(entry["data"])
    if prod(shape) != len(flat):
        raise BadAnswer(f"the output {name!r} has {len(flat)} values, not {shape}")
    return FlatTensor(name, str(entry.get("datatype")), tuple(shape), flat)


def _flat(values: list[Any]) -> list[Any]:
    while values and isinstance(values[0], list):
        values = [inner for outer in values for inner in outer]
    return values


def _header(tensor: FlatTensor, more: Mapping[str, Any]) -> dict[str, Any]:
    written: dict[str, Any] = {
        "name": tensor.name,
        "shape": list(tensor.shape),
        "datatype": tensor.datatype,
    }
    parameters = {**tensor.parameters, **more}
    return {**written, "parameters": parameters} if parameters else written


def _written(tensor: FlatTensor) -> dict[str, Any]:
    return {**_header(tensor, {}), "data": list(tensor.data)}


def _with_outputs(document: dict[str, Any], asked: Asked) -> dict[str, Any]:
    return {**document, "outputs": list(asked.outputs)} if asked.outputs else document
