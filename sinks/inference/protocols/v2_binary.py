"""Raw tensors behind the JSON of a V2 body: little-endian, row-major, in the order of inputs.

Source: Open Inference Protocol v2, binary tensor data extension.
"""

import struct
import sys
from array import array
from collections.abc import Sequence
from math import prod
from typing import Any

import orjson

from sinks.inference.flat_tensor import FlatTensor
from sinks.inference.protocols.encoding import BadAnswer

LENGTH = "inference-header-content-length"
_TYPECODES = {
    "INT8": "b", "INT16": "h", "INT32": "i", "INT64": "q",
    "UINT8": "B", "UINT16": "H", "UINT32": "I", "UINT64": "Q",
    "FP32": "f", "FP64": "d",
}  # fmt: skip
_ELEMENT = struct.Struct("<I")  # the length before each element of BYTES


def pack(tensor: FlatTensor) -> bytes:
    """The bytes of a tensor whose values were checked against its datatype."""
    if tensor.datatype == "BYTES":
        elements = [each.encode() if isinstance(each, str) else each for each in tensor.data]
        return b"".join(_ELEMENT.pack(len(each)) + each for each in elements)
    if tensor.datatype == "BOOL":
        return bytes(tensor.data)
    if tensor.datatype == "FP16":
        return struct.pack(f"<{len(tensor.data)}e", *tensor.data)
    if tensor.datatype == "BF16":
        return _bf16(tensor.data)
    return _little(array(_TYPECODES[tensor.datatype], tensor.data)).tobytes()


def unpack(body: bytes, length: str) -> tuple[dict[str, Any], list[FlatTensor]]:
    """The document and the outputs of an answer; `length` is that of its JSON.

    Raises BadAnswer where sizes and shapes do not agree with the bytes.
    """
    end = int(length) if length.isascii() and length.isdigit() else -1
    if not 0 <= end <= len(body):
        raise BadAnswer(f"the header {LENGTH} does not fit the answer")
    try:
        document = orjson.loads(body[:end])
    except orjson.JSONDecodeError as error:
        raise BadAnswer(f"the answer's head is no JSON ({error})") from error
    outputs = document.get("outputs") if isinstance(document, dict) else None
    if not isinstance(outputs, list) or not outputs:
        raise BadAnswer("the answer has no outputs")
    tensors: list[FlatTensor] = []
    for entry in outputs:
        tensor, end = _next(entry, body, end)
        tensors.append(tensor)
    return document, tensors


def _next(entry: Any, body: bytes, start: int) -> tuple[FlatTensor, int]:
    """One output, and where the bytes of the next begin."""
    try:
        name, datatype, shape = str(entry["name"]), str(entry["datatype"]), tuple(entry["shape"])
        size = (entry.get("parameters") or {}).get("binary_data_size")
        if size is None:
            values = list(entry["data"])
        else:
            if type(size) is not int or not 0 <= size <= len(body) - start:
                raise BadAnswer(f"the output {name!r} ends before its bytes do")
            values = _values(datatype, body[start : start + size])
            start += size
        if prod(shape) != len(values):
            raise BadAnswer(f"the output {name!r} has {len(values)} values, not {list(shape)}")
    except (KeyError, TypeError, AttributeError, ValueError, struct.error) as error:
        raise BadAnswer(f"an output cannot be read ({type(error).__name__})") from error
    return FlatTensor(name, datatype, shape, values), start


def _values(datatype: str, data: bytes) -> list[Any]:
    if datatype == "BYTES":
        return _elements(data)
    if datatype == "BOOL":
        return [byte != 0 for byte in data]
    if datatype == "FP16":
        return [each for (each,) in struct.iter_unpack("<e", data)]
    if datatype == "BF16":
        widened = b"".join(b"\0\0" + data[at : at + 2] for at in range(0, len(data), 2))
        return _little(array("f", widened)).tolist()
    return _little(array(_TYPECODES[datatype], data)).tolist()


def _elements(data: bytes) -> list[str]:
    found, at = [], 0
    while at < len(data):
        (size,) = _ELEMENT.unpack_from(data, at)
        at += _ELEMENT.size
        if at + size > len(data):
            raise BadAnswer("an element of BYTES ends behind its tensor")
        found.append(data[at : at + size].decode("utf-8", "replace"))
        at += size
    return found


def _bf16(values: Sequence[float]) -> bytes:
    """The upper half of each number of 32 bits, rounded to even."""
    wide = struct.unpack(f"<{len(values)}I", struct.pack(f"<{len(values)}f", *values))
    rounded = [(each + 0x7FFF + ((each >> 16) & 1)) >> 16 for each in wide]
    return struct.pack(f"<{len(rounded)}H", *rounded)


def _little(values: "array[Any]") -> "array[Any]":
    if sys.byteorder == "big":
        values.byteswap()
    return values
