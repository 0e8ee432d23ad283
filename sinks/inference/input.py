"""Event data to the tensors of one call, as the sink's `input` says."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from broker.errors import Invalid
from sinks.inference.input_slot import InputSlot
from sinks.inference.model import Model
from sinks.inference.path import DataPath
from sinks.inference.tensors import (
    DATATYPES,
    Tensor,
    number_rows,
    number_table,
    odd_rows,
    to_tensor,
    without,
)

_KEYS = ("columns", "tensors", "data", "instances")


class Feeds(NamedTuple):
    """The tensors of one event by input name; `records` is dim 0 of each."""

    tensors: Mapping[str, Tensor]
    records: int


class Input:
    """Made for one model. Raises Invalid(code="model-input") where the two do not fit."""

    def __init__(self, written: Mapping[str, Any], model: Model) -> None:
        key, value = _only_key(written)
        self._model = model
        self._names: Sequence[str] = ()
        self._takes_tables = False  # of numbers, with any number of rows
        self._make = {
            "columns": self._from_columns,
            "tensors": self._from_tensors,
            "data": self._from_data,
            "instances": self._from_instances,
        }[key]
        if key == "columns":
            self._names, self._slot = _columns(value, model)
            self._takes_tables = _takes_tables(self._slot)
        elif key == "tensors":
            self._tensors = [_tensor(entry, model) for entry in value]
            _check_complete({slot.name for slot, _, _ in self._tensors}, model)
        else:
            self._path = DataPath(value)

    def feeds(self, data: object) -> Feeds:
        """The tensors of one event. Raises Invalid: this event cannot be sent, others can."""
        tensors = self._make(data)
        for name, slot in self._model.inputs.items():
            if name not in tensors:
                raise _bad(f"there is no value for the input {name!r}")
            _check_shape(tensors[name], slot)
        counts = {tensor.shape[0] for tensor in tensors.values() if tensor.ndim}
        if len(counts) > 1 and self._model.batches:
            raise _bad("the inputs differ in their number of records")
        return Feeds(tensors, counts.pop() if len(counts) == 1 else 1)

    def feeds_of_each(self, values: Sequence[object]) -> Sequence[Feeds | None]:
        """As `feeds` of each, by one tensor for all; None for what has to be looked at alone."""
        if not self._takes_tables:
            return [None] * len(values)
        rows: list[list[object]] = []
        ends: list[int | None] = []
        for value in values:
            found = _rows(value, self._names)
            rows += found
            ends.append(len(rows) if found else None)
        tensor = number_table(rows, self._slot.datatype)
        if tensor is None:
            return [None] * len(values)
        made: list[Feeds | None] = []
        start = 0
        for end in ends:
            if end is None:
                made.append(None)
                continue
            made.append(Feeds({self._slot.name: tensor[start:end]}, end - start))
            start = end
        return made

    def feeds_of_columns(
        self, columns: Mapping[str, Sequence[object]]
    ) -> tuple[Feeds, Sequence[int]] | None:
        """As `feeds` of the rows of a table, and those that it leaves out: they hold no numbers.

        None where every row has to be looked at alone, to say what is wrong with it.
        """
        found = [columns[name] for name in self._names if name in columns]
        if not self._takes_tables or len(found) < len(self._names):
            return None
        odd = odd_rows(found)
        if len(odd) == len(found[0]):
            return None
        if odd:
            found = [without(each, odd) for each in found]
        tensor = number_rows(found, self._slot.datatype)
        return None if tensor is None else (Feeds({self._slot.name: tensor}, len(tensor)), odd)

    def _from_columns(self, data: object) -> dict[str, Tensor]:
        rows = data if isinstance(data, list) else [data]
        if not rows:
            raise _bad("there is no record")
        matrix = [[_field(row, name) for name in self._names] for row in rows]
        tensor = to_tensor(matrix, self._slot.datatype, "columns")
        flat = len(self._slot.shape) == 1 and len(self._names) == 1
        return {self._slot.name: tensor.reshape(-1) if flat else tensor}

    def _from_tensors(self, data: object) -> dict[str, Tensor]:
        made = {}
        for slot, path, shape in self._tensors:
            tensor = to_tensor(path.one(data), slot.datatype, slot.name)
            made[slot.name] = _reshaped(tensor, shape, slot.name)
        return made

    def _from_data(self, data: object) -> dict[str, Tensor]:
        """The body itself: inputs of the Open Inference Protocol, instances, or by name."""
        value = self._path.one(data)
        if not isinstance(value, dict):
            slot = self._only_slot()
            return {slot.name: to_tensor(value, slot.datatype, slot.name)}
        if "inputs" in value:
            value = value["inputs"]
        elif "instances" in value and "instances" not in self._model.inputs:
            return self._of_records(value["instances"])
        if isinstance(value, list):
            return dict(self._of_protocol(entry) for entry in value)
        if not isinstance(value, dict):
            raise _bad("inputs is neither a list nor an object")
        return {
            name: to_tensor(value[name], slot.datatype, name)
            for name, slot in self._model.inputs.items()
            if name in value
        }

    def _from_instances(self, data: object) -> dict[str, Tensor]:
        """A path that may find several finds records; any other finds one."""
        return self._of_records(self._path.each(data))

    def _of_records(self, records: object) -> dict[str, Tensor]:
        """Records as rows of the only input, or as objects with a field per input."""
        if not isinstance(records, list) or not records:
            raise _bad("the instances are no list of records")
        if all(isinstance(record, dict) for record in records):
            columns = {
                name: [_field(each, name) for each in records] for name in self._model.inputs
            }
        else:
            columns = {self._only_slot().name: records}
        slots = self._model.inputs
        return {name: to_tensor(rows, slots[name].datatype, name) for name, rows in columns.items()}

    def _of_protocol(self, entry: object) -> tuple[str, Tensor]:
        name = entry.get("name") if isinstance(entry, dict) else None
        slot = self._model.inputs.get(name) if isinstance(name, str) else None
        if not isinstance(entry, dict) or slot is None or "data" not in entry:
            raise _bad("an entry of inputs lacks data, or the name of an input of the model")
        shape = entry.get("shape")
        tensor = to_tensor(entry["data"], slot.datatype, slot.name)
        return slot.name, tensor if shape is None else _reshaped(tensor, shape, slot.name)

    def _only_slot(self) -> InputSlot:
        if len(self._model.inputs) != 1:
            raise _bad(f"the model has the inputs {', '.join(self._model.inputs)}: name them")
        return next(iter(self._model.inputs.values()))


def _only_key(written: Mapping[str, Any]) -> tuple[str, Any]:
    if not written:
        return "data", ""
    if len(written) != 1 or next(iter(written)) not in _KEYS:
        raise _config(f"input has {', '.join(written)}", f"give one of {', '.join(_KEYS)}")
    return next(iter(written.items()))


def _columns(value: Mapping[str, Any], model: Model) -> tuple[list[str], InputSlot]:
    name = value.get("tensor") or (next(iter(model.inputs)) if len(model.inputs) == 1 else None)
    slot = _declared(name, value.get("datatype"), model)
    _check_complete({slot.name}, model)
    width = slot.shape[1] if len(slot.shape) == 2 else None
    names = list(value["names"])
    if not names or (width is not None and width != len(names)):
        raise _config(f"columns names {len(names)} fields, {slot.name} takes {width}", "name each")
    return names, slot


def _tensor(
    entry: Mapping[str, Any], model: Model
) -> tuple[InputSlot, DataPath, tuple[int, ...] | None]:
    slot = _declared(entry.get("name"), entry.get("datatype"), model)
    shape = entry.get("shape")
    return slot, DataPath(entry.get("path", "")), None if shape is None else tuple(shape)


def _declared(name: str | None, datatype: str | None, model: Model) -> InputSlot:
    """The model's own slot: numbers are cast to what it declares, whatever was written."""
    slot = model.inputs.get(name) if name else None
    if slot is None:
        raise _config(f"the model has no input {name!r}", f"name {', '.join(model.inputs)}")
    if datatype is not None and datatype not in DATATYPES:
        raise _config(f"{datatype!r} is no datatype", f"use one of {', '.join(DATATYPES)}")
    if datatype is not None and (datatype == "BYTES") != (slot.datatype == "BYTES"):
        raise _config(f"{slot.name} is {slot.datatype}, not {datatype}", f"write {slot.datatype}")
    return slot


def _check_complete(named: set[str], model: Model) -> None:
    missing = [name for name in model.inputs if name not in named]
    if missing:
        raise _config(f"nothing fills the inputs {', '.join(missing)}", "use input.tensors")


def _check_shape(tensor: Tensor, slot: InputSlot) -> None:
    """What onnxruntime would refuse, and with it the whole batch."""
    fits = len(tensor.shape) == len(slot.shape) and all(
        wanted is None or wanted == size
        for wanted, size in zip(slot.shape, tensor.shape, strict=True)
    )
    if not fits:
        wanted = [-1 if size is None else size for size in slot.shape]
        raise _bad(f"{slot.name} has the shape {list(tensor.shape)}, the model takes {wanted}")


def _reshaped(tensor: Tensor, shape: object, where: str) -> Tensor:
    try:
        return tensor.reshape(shape)  # type: ignore[call-overload,no-any-return]
    except (ValueError, TypeError) as error:
        raise _bad(f"{where} does not have the shape {str(shape)[:40]}") from error


def _takes_tables(slot: InputSlot) -> bool:
    return len(slot.shape) == 2 and slot.shape[0] is None and slot.datatype[0] == "F"


def _rows(value: object, names: Sequence[str]) -> list[list[object]]:
    """The fields of a record, or of each of a list of them; none where one lacks a field."""
    try:
        if type(value) is dict:
            return [[value[name] for name in names]]
        if type(value) is list and all(type(each) is dict for each in value):
            return [[each[name] for name in names] for each in value]
    except KeyError:
        return []  # `feeds` says which
    return []


def _field(row: object, name: str) -> object:
    if not isinstance(row, dict) or name not in row:
        raise _bad(f"a record lacks the field {name!r}")
    return row[name]


def _bad(what: str) -> Invalid:
    return Invalid(what, code="bad-tensor", where="data", remedy="mend the event's data")


def _config(what: str, remedy: str) -> Invalid:
    return Invalid(what, code="model-input", where="spec.input", remedy=remedy)
