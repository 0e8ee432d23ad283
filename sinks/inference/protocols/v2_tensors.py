"""An event's data as the input tensors of the Open Inference Protocol, as `input` says."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from broker.errors import Invalid
from broker.event import Event
from sinks.inference.flat_tensor import FlatTensor, bad_tensor, make_tensor
from sinks.inference.input_slot import InputSlot
from sinks.inference.path import DataPath
from sinks.inference.protocols.encoding import (
    EventView,
    bad_data,
    column_rows,
    only_key,
)

KEYS = ("data", "instances", "tensors", "columns", "bytes")
_UNNAMED = "input-0"  # what the sklearn and xgboost runtimes of KServe and MLServer expect


class Asked(NamedTuple):
    """The inputs of one event, and what the request says beside them."""

    tensors: tuple[FlatTensor, ...]
    parameters: Mapping[str, Any] = {}
    outputs: Sequence[Any] = ()


class TensorReader:
    """`declared` are the model's own inputs where they are known: names and datatypes.

    Raises Invalid(code="model-input") where `input` cannot be meant.
    """

    def __init__(
        self, written: Mapping[str, Any], declared: Mapping[str, InputSlot], *, is_binary: bool
    ) -> None:
        self._key, self._value = only_key(written, KEYS)
        self._declared = declared
        self._is_binary = is_binary
        if self._key in ("data", "instances"):
            self._path = DataPath(self._value)
        elif self._key == "tensors":
            self._paths = [DataPath(entry.get("path", "")) for entry in self._value]
            for entry in self._value:
                self._check_declared(entry["name"])
        elif self._key == "columns":
            self._check_declared(self._column_tensor())

    def read(self, view: EventView) -> Asked:
        """Raises Invalid: this event has no such tensors."""
        if self._key == "bytes":
            return Asked((self._of_bytes(view.event),))
        data = view.json
        if self._key == "columns":
            rows = column_rows(self._value["names"], data)
            name = self._column_tensor()
            return Asked((self._tensor(name, self._value.get("datatype"), rows),))
        if self._key == "tensors":
            return Asked(tuple(self._of_entries(data)))
        if self._key == "instances":
            return Asked(tuple(self._of_records(self._path.each(data))))
        return _of_body(self._path.one(data) if self._key else data)

    def _column_tensor(self) -> str:
        written: str | None = self._value.get("tensor")
        return written or self._only_declared() or _UNNAMED

    def _only_declared(self) -> str | None:
        return next(iter(self._declared)) if len(self._declared) == 1 else None

    def _check_declared(self, name: str) -> None:
        if self._declared and name not in self._declared:
            raise Invalid(
                f"the model has no input {name!r}",
                code="model-input",
                where="spec.input",
                remedy=f"name {', '.join(self._declared)}",
            )

    def _tensor(
        self, name: str, datatype: str | None, values: object, shape: Sequence[int] | None = None
    ) -> FlatTensor:
        declared = self._declared.get(name)
        found = datatype or (declared.datatype if declared else None)
        tensor = make_tensor(name, found, values, shape)
        takes_rows = declared is not None and len(declared.shape) == 1
        if takes_rows and len(tensor.shape) == 2 and tensor.shape[1] == 1:
            return make_tensor(name, tensor.datatype, tensor.data)
        return tensor

    def _of_entries(self, data: object) -> list[FlatTensor]:
        return [
            self._tensor(entry["name"], entry.get("datatype"), path.one(data), entry.get("shape"))
            for entry, path in zip(self._value, self._paths, strict=True)
        ]

    def _of_records(self, records: list[Any]) -> list[FlatTensor]:
        """Objects have a field per input; other records are rows of the only one."""
        if not all(isinstance(record, dict) for record in records):
            return [self._tensor(self._only_declared() or _UNNAMED, None, records)]
        names = list(records[0])
        if any(set(record) != set(names) for record in records):
            raise bad_data("the records differ in their fields")
        return [self._tensor(name, None, [each[name] for each in records]) for name in names]

    def _of_bytes(self, event: Event) -> FlatTensor:
        """One element. JSON has no bytes: as base64 unless they are asked for as text."""
        data = event.data or b""
        name = self._value.get("name") or self._only_declared() or _UNNAMED
        written = self._value.get("as", "raw" if self._is_binary else "base64")
        if written == "base64":
            return FlatTensor(name, "BYTES", (1,), [b64encode(data).decode("ascii")])
        if self._is_binary:
            return FlatTensor(name, "BYTES", (1,), [data])
        try:
            return FlatTensor(name, "BYTES", (1,), [data.decode()])
        except UnicodeDecodeError as error:
            raise bad_data("it is no UTF-8 text, as input.bytes says") from error


def _of_body(body: object) -> Asked:
    """A request as the protocol has it. Its id is ours."""
    inputs = body.get("inputs") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(inputs, list) or not inputs:
        raise bad_data("it is no object with a list of inputs, and no other input is configured")
    parameters, outputs = body.get("parameters") or {}, body.get("outputs") or []
    if not isinstance(parameters, dict) or not isinstance(outputs, list):
        raise bad_data("parameters is no object, or outputs no list")
    return Asked(tuple(_of_input(entry) for entry in inputs), parameters, outputs)


def _of_input(entry: object) -> FlatTensor:
    if not isinstance(entry, dict) or not {"name", "shape", "datatype", "data"} <= set(entry):
        raise bad_tensor("an entry of inputs lacks one of name, shape, datatype, data")
    name, shape, datatype = entry["name"], entry["shape"], entry["datatype"]
    sizes = shape if isinstance(shape, list) else [None]
    is_shape = all(type(size) is int and size >= 0 for size in sizes)
    if not isinstance(name, str) or not isinstance(datatype, str) or not is_shape:
        raise bad_tensor("an entry of inputs has a name, shape or datatype that is none")
    tensor = make_tensor(name, datatype, entry["data"], shape)
    own = entry.get("parameters") or {}
    return FlatTensor(
        name, datatype, tensor.shape, tensor.data, own if isinstance(own, dict) else {}
    )
