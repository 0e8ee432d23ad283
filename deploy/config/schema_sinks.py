"""The schemas of `kind: FileSink` and `kind: InferenceSink` (so far with protocol onnx)."""

import re
from collections.abc import Sequence
from typing import Annotated, Literal

from broker.codec import make_event
from broker.errors import Invalid, InvalidEvent
from deploy.config.mistakes import InvalidValue
from deploy.config.schema_parts import (
    Count,
    PositiveSeconds,
    Resource,
    Size,
    Text,
    attribute_name,
)
from deploy.config.shapes import Bounds, Judge, Shape
from sinks.inference.path import DataPath
from sinks.inference.template import Template

# What a reply template may name in single braces, and what any place in one looks like.
_CONFIGURED = frozenset({"namespace", "broker", "trigger", "model"})
_PLACE = re.compile(r"\{\{[^{}]*\}\}|\{[^{}]*\}")
Datatype = Literal[
    "BOOL", "INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64",
    "FP16", "FP32", "FP64", "BYTES",
]  # fmt: skip


def _path(text: str) -> str:
    try:
        DataPath(text)
    except Invalid as error:
        raise InvalidValue(
            "is no path", remedy='write a JSON Pointer ("" or /a/b) or a JSONPath ($.a.b)'
        ) from error
    return text


def _file_path(text: str) -> str:
    if "\0" in text:
        raise InvalidValue("cannot be the name of a file", remedy="write a path without NUL")
    return text


def _template(text: str) -> str:
    try:
        Template(text, _CONFIGURED)
    except Invalid as error:
        raise InvalidValue(
            "is no template",
            remedy="write {{ subject }} or {{ data/text }} for parts of the event, or one of "
            + ", ".join(f"{{{name}}}" for name in sorted(_CONFIGURED)),
        ) from error
    return text


def _fits(attribute: str) -> Judge:
    """That a reply may have this as its `attribute`, whatever the template's places give."""

    def check(text: str) -> str:
        sample = {"specversion": "1.0", "id": "a", "source": "/a", "type": "a"}
        try:
            make_event({**sample, attribute: _PLACE.sub("x", _template(text))}, None)
        except InvalidEvent as error:
            what = f"cannot be the {attribute} of an event"
            raise InvalidValue(what, remedy=error.remedy) from error
        return text

    return Judge(check)


def _extension_or_all(text: str) -> str:
    return text if text == "*" else attribute_name(text)


ExtensionOrAll = Annotated[str, Judge(_extension_or_all)]
Path = Annotated[str, Judge(_path)]


class FileSinkFields(Shape):
    path: Annotated[Text, Judge(_file_path)]
    rotate_bytes: Size | None = None


class FileSinkResource(Resource):
    spec: FileSinkFields


class ColumnFields(Shape):
    names: Annotated[Sequence[Text], Bounds(1, 10_000)]
    tensor: Text | None = None
    datatype: Datatype | None = None


class TensorFields(Shape):
    name: Text
    path: Path = ""
    datatype: Datatype | None = None
    shape: Sequence[int] | None = None


class InputFields(Shape):
    """Exactly one key."""

    data: Path | None = None
    instances: Path | None = None
    columns: ColumnFields | None = None
    tensors: Annotated[Sequence[TensorFields], Bounds(1, 1_000)] | None = None

    def judge(self) -> None:
        if len(vars(self)) != 1:
            raise InvalidValue(
                "needs exactly one key", remedy="write one of data, instances, columns, tensors"
            )


class OutputFields(Shape):
    take: Literal["raw", "tensors", "predictions"] = "tensors"
    path: Path | None = None
    merge_under: Text | None = None


class ReplyFields(Shape):
    mode: Literal["wrap"] = "wrap"
    type: Annotated[str, _fits("type")] = "io.kserve.inference.response"
    source: Annotated[str, _fits("source")] | None = None
    copy_extensions: Sequence[ExtensionOrAll] = ()
    allow_loop: bool = False


class BatchFields(Shape):
    max_records: Count = 64


class InferenceLimits(Shape):
    max_in_flight: Annotated[int, Bounds(1, 1_000)] = 2


class InferenceTimeouts(Shape):
    attempt: PositiveSeconds = 60.0


class InferenceFields(Shape):
    protocol: Literal["onnx"]
    url: Text
    model: Text | None = None
    version: Text | None = None
    input: InputFields | None = None
    output: OutputFields = OutputFields()
    reply: ReplyFields = ReplyFields()
    batch: BatchFields = BatchFields()
    limits: InferenceLimits = InferenceLimits()
    timeouts: InferenceTimeouts = InferenceTimeouts()


class InferenceSinkResource(Resource):
    spec: InferenceFields
