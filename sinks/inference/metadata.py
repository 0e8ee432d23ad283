"""A model's own description (V2 metadata), and where `input` does not fit it.

Source: Open Inference Protocol v2, model metadata.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from sinks.inference.input_slot import InputSlot
from sinks.inference.protocol import ModelAnswer
from sinks.inference_spec import InferenceSinkSpec


def metadata_path(spec: InferenceSinkSpec) -> str | None:
    """What to GET; None where the protocol describes no models."""
    if spec.protocol != "v2":
        return None
    version = f"/versions/{spec.version}" if spec.version else ""
    return f"/v2/models/{spec.model}{version}"


def read_inputs(answer: ModelAnswer) -> Mapping[str, InputSlot]:
    """The inputs by name; empty where the server does not say (KServe, MLServer: often)."""
    try:
        said = orjson.loads(answer.body) if answer.status == 200 else None
    except orjson.JSONDecodeError:
        return {}
    inputs = said.get("inputs") if isinstance(said, dict) else None
    slots = [_slot(entry) for entry in inputs] if isinstance(inputs, list) else []
    return {slot.name: slot for slot in slots if slot is not None}


def _slot(entry: Any) -> InputSlot | None:
    """A dimension of -1 may vary."""
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        return None
    shape = entry.get("shape")
    sizes = shape if isinstance(shape, list) else []
    known = tuple(size if type(size) is int and size >= 0 else None for size in sizes)
    return InputSlot(entry["name"], str(entry.get("datatype", "")), known)


def mismatches(spec: InferenceSinkSpec, inputs: Mapping[str, InputSlot]) -> list[str]:
    """Why `input` cannot be what the model takes, a sentence each; empty where nothing is known.

    Only what is wrong for every event: what depends on the data shows itself event by event.
    """
    if not inputs:
        return []
    written = spec.input
    if "columns" in written:
        return _of_columns(written["columns"], inputs)
    if "tensors" in written:
        return _of_tensors(written["tensors"], inputs)
    if "bytes" in written:
        name = written["bytes"].get("name")
        return _named([name], inputs) + _typed(name, "BYTES", inputs) if name else []
    return []


def _of_columns(columns: Mapping[str, Any], inputs: Mapping[str, InputSlot]) -> list[str]:
    name = columns.get("tensor")
    if name is None:
        return [] if len(inputs) == 1 else [f"name columns.tensor: one of {', '.join(inputs)}"]
    found = _named([name], inputs) + _typed(name, columns.get("datatype"), inputs)
    slot, width = inputs.get(name), len(columns["names"])
    if slot is not None and len(slot.shape) == 2 and slot.shape[1] not in (None, width):
        found.append(f"columns names {width} fields, {name} takes {slot.shape[1]}")
    return found + _unfilled([name], inputs)


def _of_tensors(tensors: Sequence[Mapping[str, Any]], inputs: Mapping[str, InputSlot]) -> list[str]:
    names = [entry["name"] for entry in tensors]
    found = _named(names, inputs)
    for entry in tensors:
        found += _typed(entry["name"], entry.get("datatype"), inputs)
        found += _shaped(entry, inputs)
    return found + _unfilled(names, inputs)


def _named(names: Sequence[str], inputs: Mapping[str, InputSlot]) -> list[str]:
    known = ", ".join(inputs)
    return [f"the model has no input {name}, but {known}" for name in names if name not in inputs]


def _typed(name: str, datatype: str | None, inputs: Mapping[str, InputSlot]) -> list[str]:
    slot = inputs.get(name)
    if slot is None or datatype is None or not slot.datatype or slot.datatype == datatype:
        return []
    return [f"{name} is {slot.datatype}, not {datatype}"]


def _shaped(entry: Mapping[str, Any], inputs: Mapping[str, InputSlot]) -> list[str]:
    slot, shape = inputs.get(entry["name"]), entry.get("shape")
    if slot is None or shape is None:
        return []
    fits = len(shape) == len(slot.shape) and all(
        wanted is None or size < 0 or wanted == size
        for wanted, size in zip(slot.shape, shape, strict=True)
    )
    taken = [-1 if size is None else size for size in slot.shape]
    return [] if fits else [f"{entry['name']} has the shape {list(shape)}, the model takes {taken}"]


def _unfilled(names: Sequence[str], inputs: Mapping[str, InputSlot]) -> list[str]:
    return [f"nothing fills the input {name}" for name in inputs if name not in names]
