"""The schema of `kind: InferenceSink`. Which field is for which protocol: `inference_fields.py`."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from deploy.config.mistakes import InvalidValue
from deploy.config.schema_inference_mapping import (
    CALL_PLACES,
    InputFields,
    OutputFields,
    ReplyFields,
    template,
)
from deploy.config.schema_inference_steering import (
    AuthFields,
    BatchFields,
    BreakerFields,
    ClassifyFields,
    HoldFields,
    LimitFields,
    ScaleFields,
    TimeoutFields,
    TlsFields,
    Variants,
)
from deploy.config.schema_parts import AttributeName, Resource, Text
from deploy.config.shapes import Bounds, Judge, Read, Shape

_REPLICAS_MAX = 100
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}", re.ASCII)  # RFC 9110 5.6.2
_OURS = frozenset({
    "accept-encoding", "connection", "content-encoding", "content-length", "content-type",
    "expect", "inference-header-content-length", "keep-alive", "te", "trailer",
    "transfer-encoding", "upgrade",
})  # fmt: skip


def _urls(value: Any) -> list[str]:
    """One, or a list of replicas; what they are is judged with the protocol."""
    urls = [value] if isinstance(value, str) else value
    if not isinstance(urls, list) or not all(isinstance(url, str) and url for url in urls):
        raise InvalidValue("is no URL and no list of them", remedy="write http://host:8080")
    if not urls or len(urls) > _REPLICAS_MAX or len(set(urls)) != len(urls):
        remedy = f"write 1 to {_REPLICAS_MAX}, each once"
        raise InvalidValue("has no URL, too many, or one twice", remedy=remedy)
    return urls


def _call_template(text: str) -> str:
    return template(text, CALL_PLACES)


def _request_path(text: str) -> str:
    if not text.startswith("/") or text.startswith("//") or "#" in text or not text.isascii():
        raise InvalidValue(
            "is no path of a URL", remedy="begin it with one slash, percent-encoded, without #"
        )
    if any(character.isspace() for character in re.sub(r"\{\{[^{}]*\}\}", "", text)):
        raise InvalidValue("has a space", remedy="write %20")
    return template(text, CALL_PLACES)


def _ready_path(text: str) -> str:
    if "{{" in text:
        raise InvalidValue("asks for an event, and a probe has none", remedy="use {model} only")
    return _request_path(text)


def _headers(value: Mapping[str, str]) -> Mapping[str, str]:
    for name, text in value.items():
        lowered = name.lower()
        if not _HEADER.fullmatch(name):
            raise InvalidValue("has a name that no header can have", remedy="write X-My-Header")
        if lowered in _OURS or lowered.startswith("ce-"):
            what = f"has {name}, which the protocol writes itself"
            raise InvalidValue(what, remedy="remove it")
        if not text.isascii() or not text.isprintable():
            what = f"has {name} with a value that no header can have"
            raise InvalidValue(what, remedy="write printable ASCII")
    return value


HeaderText = Annotated[str, Judge(_call_template)]
RequestPath = Annotated[str, Judge(_request_path)]
ReadyPath = Annotated[str, Judge(_ready_path)]


class InferenceFields(Shape):
    protocol: Literal["v1", "v2", "openai", "kserve-ce", "http-json", "onnx"]
    url: Annotated[Any, Read(_urls)]
    server: Literal[
        "auto", "generic", "kserve", "mlserver", "triton", "tfserving", "torchserve",
        "openai", "vllm", "llama", "ray", "bentoml", "litserve",
    ] = "auto"  # fmt: skip
    path: RequestPath | None = None
    ready_path: ReadyPath | None = None
    model: Text | None = None
    version: Text | None = None
    task: (
        Literal["predict", "explain", "classify", "regress", "chat", "completions", "embeddings"]
        | None
    ) = None
    binary: Literal["auto", True, False] = "auto"
    input: InputFields | None = None
    output: OutputFields = OutputFields()
    reply: ReplyFields = ReplyFields()
    batch: BatchFields = BatchFields()
    limits: LimitFields = LimitFields()
    timeouts: TimeoutFields = TimeoutFields()
    hold: HoldFields = HoldFields()
    breaker: BreakerFields = BreakerFields()
    scale: ScaleFields = ScaleFields()
    headers: Annotated[Mapping[str, HeaderText], Judge(_headers)] = {}
    auth: AuthFields | None = None
    tls: TlsFields = TlsFields()
    resend: Literal["allowed", "never"] = "allowed"
    classify: Annotated[Sequence[ClassifyFields], Bounds(1, 100)] | None = None
    variants: Variants | None = None
    split_key: AttributeName = "id"

    def judge(self) -> None:
        names = [variant.name for variant in self.variants or ()]
        if len(set(names)) != len(names):
            raise InvalidValue("has two variants of one name", remedy="rename one of them")


class InferenceSinkResource(Resource):
    spec: InferenceFields
