"""One ONNX model, loaded: what it takes, what it gives, and a blocking call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from broker.delivery import OutcomeClass
from broker.errors import Invalid
from sinks.inference.input_slot import InputSlot
from sinks.inference.tensors import Tensor

_DATATYPES = {
    "tensor(bool)": "BOOL",
    "tensor(int8)": "INT8",
    "tensor(int16)": "INT16",
    "tensor(int32)": "INT32",
    "tensor(int64)": "INT64",
    "tensor(uint8)": "UINT8",
    "tensor(uint16)": "UINT16",
    "tensor(uint32)": "UINT32",
    "tensor(uint64)": "UINT64",
    "tensor(float16)": "FP16",
    "tensor(float)": "FP32",
    "tensor(double)": "FP64",
    "tensor(string)": "BYTES",
}
_INPUT_ERRORS = ("InvalidArgument", "ValueError")  # of onnxruntime and of its Python half
_FILE_ERRORS = ("NoSuchFile", "InvalidProtobuf", "InvalidGraph")


class Stop(Protocol):
    """onnxruntime's RunOptions: set `terminate` and the call under way ends soon, failing."""

    terminate: bool


@dataclass(frozen=True, slots=True)
class Model:
    """`inputs` by name in their order, `outputs` the names; `batches`: dim 0 of all may vary."""

    inputs: Mapping[str, InputSlot]
    outputs: tuple[str, ...]
    batches: bool
    _session: Any
    _runtime: Any

    def stop(self) -> Stop:
        """What ends one call early, from another thread."""
        options: Stop = self._runtime.RunOptions()
        return options

    def run(
        self, feeds: Mapping[str, Tensor], stop: Stop, names: Sequence[str] = ()
    ) -> Sequence[object]:
        """The outputs `names` (none: all), in their order. Blocks; raises onnxruntime's errors."""
        wanted = list(names or self.outputs)
        outputs: Sequence[object] = self._session.run(wanted, dict(feeds), stop)
        return outputs


def load_model(path: Path) -> Model:
    """Read and check a model file. Blocks. Raises Invalid, with the remedy."""
    try:
        runtime = import_module("onnxruntime")
    except ModuleNotFoundError as error:
        raise Invalid(
            "the ONNX runtime is not installed",
            code="missing-extra",
            remedy="install headrace[onnx]",
        ) from error
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise Invalid(
            f"the model {path} cannot be loaded ({type(error).__name__})",
            code="model-file",
            remedy="name a readable ONNX file in spec.url",
        ) from error
    inputs = {each.name: _slot(each) for each in session.get_inputs()}
    outputs = tuple(each.name for each in session.get_outputs())
    batches = all(slot.shape and slot.shape[0] is None for slot in inputs.values())
    return Model(inputs, outputs, bool(inputs) and batches, session, runtime)


def error_class(error: Exception) -> OutcomeClass:
    """What a failed call says: about its input, about the file, or nothing certain."""
    name = type(error).__name__
    if name in _INPUT_ERRORS:
        return OutcomeClass.BAD_INPUT
    return OutcomeClass.CONFIG if name in _FILE_ERRORS else OutcomeClass.SUSPECT


def _slot(declared: Any) -> InputSlot:
    datatype = _DATATYPES.get(declared.type)
    if datatype is None:
        raise Invalid(
            f"the input {declared.name!r} is a {declared.type}, which is not carried",
            code="model-input",
            remedy="export the model with tensors of numbers, booleans or strings",
        )
    shape = tuple(size if isinstance(size, int) else None for size in declared.shape)
    return InputSlot(declared.name, datatype, shape)
