"""Of an InferenceSink: how an event becomes a request, and an answer the data of a reply."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from broker.codec import make_event
from broker.errors import Invalid, InvalidEvent
from deploy.config.mistakes import InvalidValue
from deploy.config.reply_overflow import bucket_access, overflow_url
from deploy.config.schema_parts import PositiveSeconds, Size, Text, attribute_name
from deploy.config.shapes import Bounds, Judge, Read, Shape
from sinks.inference.path import DataPath
from sinks.inference.template import Template
from sinks.inference.tree import Tree

# What templates may name in single braces, and what any place in one looks like.
REPLY_PLACES = frozenset({"namespace", "broker", "trigger", "model"})
CALL_PLACES = frozenset({"model", "version"})
_PLACE = re.compile(r"\{\{[^{}]*\}\}|\{[^{}]*\}")
_REMEDY = "write {{ subject }} or {{ data/text }} for parts of the event"
Datatype = Literal[
    "BOOL", "INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64",
    "FP16", "BF16", "FP32", "FP64", "BYTES",
]  # fmt: skip


def _path(text: str) -> str:
    try:
        DataPath(text)
    except Invalid as error:
        raise InvalidValue(
            "is no path", remedy='write a JSON Pointer ("" or /a/b) or a JSONPath ($.a.b)'
        ) from error
    return text


def template(text: str, places: frozenset[str]) -> str:
    """`text` itself; `places` are what it may name in single braces."""
    try:
        Template(text, places)
    except Invalid as error:
        named = ", or one of " + ", ".join(f"{{{name}}}" for name in sorted(places))
        raise InvalidValue("is no template", remedy=_REMEDY + (named if places else "")) from error
    return text


def _fits(attribute: str) -> Judge:
    """That a reply may have this as its `attribute`, whatever the template's places give."""

    def check(text: str) -> str:
        sample = {"specversion": "1.0", "id": "a", "source": "/a", "type": "a"}
        filled = _PLACE.sub("x", template(text, REPLY_PLACES))
        try:
            make_event({**sample, attribute: filled}, None)
        except InvalidEvent as error:
            what = f"cannot be the {attribute} of an event"
            raise InvalidValue(what, remedy=error.remedy) from error
        return text

    return Judge(check)


def _extension_or_all(text: str) -> str:
    return text if text == "*" else attribute_name(text)


def _tree(value: Any) -> Any:
    try:
        Tree(value)
    except Invalid as error:
        raise InvalidValue("has a leaf that is no template", remedy=_REMEDY) from error
    return value


def _plain_template(text: str) -> str:
    return template(text, frozenset())


Path = Annotated[str, Judge(_path)]
PlainTemplate = Annotated[str, Judge(_plain_template)]
ExtensionOrAll = Annotated[str, Judge(_extension_or_all)]
Dimension = Annotated[int, Bounds(-1, 1_000_000_000)]


class ColumnFields(Shape):
    names: Annotated[Sequence[Text], Bounds(1, 10_000)]
    tensor: Text | None = None
    datatype: Datatype | None = None


class TensorFields(Shape):
    name: Text
    path: Path = ""
    datatype: Datatype | None = None
    shape: Sequence[Dimension] | None = None


class BytesFields(Shape):
    name: Text | None = None
    as_: Literal["raw", "base64"] | None = None


class ChatTurnFields(Shape):
    """`content` is a template, or a list of parts with templates in their leaves."""

    role: Text
    content: Annotated[Any, Judge(_tree)]


class InputFields(Shape):
    """Exactly one key, and parameters."""

    data: Path | None = None
    instances: Path | None = None
    columns: ColumnFields | None = None
    tensors: Annotated[Sequence[TensorFields], Bounds(1, 1_000)] | None = None
    bytes: BytesFields | None = None
    messages: Annotated[Sequence[ChatTurnFields], Bounds(1, 1_000)] | None = None
    prompt: PlainTemplate | None = None
    embed: Path | None = None
    body: Annotated[Any, Judge(_tree)] = None
    parameters: Mapping[str, Any] | None = None

    def judge(self) -> None:
        given = [name for name in vars(self) if name != "parameters"]
        if len(given) > 1 or not vars(self):
            remedy = f"keep one of {', '.join(given)}" if given else "write one, or remove input"
            raise InvalidValue("needs exactly one key, and parameters", remedy=remedy)


class OutputFields(Shape):
    take: Literal["raw", "tensors", "predictions", "text", "embedding", "message"] | None = None
    path: Path | None = None
    merge_under: Text | None = None


class ReplyFields(Shape):
    mode: Literal["wrap", "auto", "cloudevent", "none"] | None = None
    type: Annotated[str, _fits("type")] = "io.kserve.inference.response"
    source: Annotated[str, _fits("source")] | None = None
    copy_extensions: Sequence[ExtensionOrAll] = ()
    allow_loop: bool = False
    fail_on: Annotated[Sequence[Text], Bounds(1, 100)] | None = None
    max_bytes: Size = 1_048_576
    overflow: Annotated[str, Judge(overflow_url)] | None = None
    overflow_max_age: PositiveSeconds | None = None
    s3: Annotated[Any, Read(bucket_access)] = None

    def judge(self) -> None:
        is_bucket = self.overflow is not None and self.overflow.startswith("s3://")
        if is_bucket and self.s3 is None:
            what = "has an overflow in a bucket, and not where the bucket is"
            raise InvalidValue(what, remedy="add s3 with endpoint, region and credentials")
        if not is_bucket and self.s3 is not None:
            what = "has s3, and no overflow in a bucket"
            raise InvalidValue(what, remedy="write overflow: s3://bucket/prefix/, or remove s3")
        if self.overflow is None and self.overflow_max_age is not None:
            what = "has an overflowMaxAge, and no overflow"
            raise InvalidValue(what, remedy="add overflow, or remove overflowMaxAge")
        if self.overflow is not None and self.mode == "none":
            what = "has an overflow, and no replies"
            raise InvalidValue(what, remedy="remove overflow, or mode: none")
