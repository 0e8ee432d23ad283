"""Any HTTP service: a body that the configuration draws, an answer that is taken as it comes."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from broker.errors import Invalid
from sinks.inference.path import DataPath
from sinks.inference.protocol import Headers, ModelAnswer, Part
from sinks.inference.protocols.encoding import (
    JSON,
    BadAnswer,
    Content,
    EventView,
    bad_data,
    only_key,
)
from sinks.inference.tree import Tree
from sinks.inference_spec import InferenceSinkSpec

KEYS = ("data", "bytes", "body")
_BYTES = "application/octet-stream"


class Preset(NamedTuple):
    """Where a server of this name listens; a path of None must be written."""

    path: str | None
    ready_path: str


PRESETS: Mapping[str, Preset] = {
    "ray": Preset("", "/-/healthz"),
    "bentoml": Preset(None, "/readyz"),
    "litserve": Preset("/predict", "/health"),
    "torchserve": Preset("/predictions/{model}", "/ping"),
}


class JsonEncoding:
    """Without `input` the event's own bytes. Raises Invalid(code="model-input")."""

    def __init__(self, spec: InferenceSinkSpec) -> None:
        self._key, self._asked = only_key(spec.input, KEYS)
        if self._key == "data":
            self._path = DataPath(self._asked)
        elif self._key == "body":
            self._tree = Tree(self._asked)
        self._parameters: Mapping[str, Any] = spec.input.get("parameters", {})
        self._needs_json = bool(spec.output.get("path") or spec.output.get("mergeUnder"))
        wrap = spec.batch.wrap
        self._wrap = None if wrap is None else wrap_keys(wrap)
        self._is_raw = self._key == "bytes" and wrap is None and self._asked.get("as") != "base64"
        if wrap is not None and self._key == "bytes" and self._asked.get("as") == "raw":
            remedy = "write as: base64, or remove batch.wrap"
            what = "raw bytes cannot stand in a list"
            raise Invalid(what, code="model-input", where="spec.input.bytes", remedy=remedy)
        self._list_at = DataPath(spec.output.get("path") or "")
        preset = PRESETS.get(spec.server, Preset("", ""))
        version = "/{version}" if spec.server == "torchserve" and spec.version else ""
        self.path = f"{preset.path or ''}{version}"
        self.probe_paths = (preset.ready_path,) if preset.ready_path else ()
        self.batch_limit = spec.batch_max_records

    def content(self, view: EventView) -> Content:
        """`value` is (media type, bytes), or a JSON value where `batch.wrap` joins."""
        whole = (self._key is None or self._asked == "") and not self._parameters
        if self._wrap is None and self._key in (None, "data") and whole:
            media_type = view.event.attributes.get("datacontenttype", _BYTES)
            media_type = JSON[0][1] if _is_json(media_type) else media_type
            return Content((media_type, view.event.data or b""), 1, object())
        if self._is_raw:
            media_type = view.event.attributes.get("datacontenttype", _BYTES)
            return Content((media_type, view.event.data or b""), 1, object())
        value = self._value(view)
        if self._wrap is not None:
            return Content(value, 1, b"")
        if self._parameters:
            if not isinstance(value, dict):
                raise bad_data("it is no object, which input.parameters could join")
            value = {**value, **self._parameters}
        return Content((JSON[0][1], orjson.dumps(value)), 1, object())

    def _value(self, view: EventView) -> Any:
        if self._key == "body":
            return self._tree.fill(view.event.attributes, view.for_templates)
        if self._key == "bytes":
            text = b64encode(view.event.data or b"").decode("ascii")
            name = self._asked.get("name")
            return {name: text} if name else text
        return self._path.one(view.json) if self._key else view.json

    def encode(self, contents: Sequence[Content], name: str) -> tuple[Headers, bytes]:
        if self._wrap is None:
            media_type, body = contents[0].value
            return (("content-type", media_type),), body
        document: Any = [content.value for content in contents]
        for key in reversed(self._wrap):
            document = {key: document}
        if self._parameters and isinstance(document, dict):
            document = {**self._parameters, **document}
        return JSON, orjson.dumps(document)

    def decode(self, contents: Sequence[Content], answer: ModelAnswer) -> Sequence[Part]:
        if self._wrap is not None:
            return self._unwrapped(contents, answer)
        try:
            value = orjson.loads(answer.body)
        except orjson.JSONDecodeError as error:
            media_type = answer.header("content-type")
            if self._needs_json or _is_json(media_type):
                raise BadAnswer(f"the answer is no JSON ({error})") from error
            return [Part(None, answer.body, content_type=media_type or _BYTES)]
        return [Part(value, answer.body)]

    def _unwrapped(self, contents: Sequence[Content], answer: ModelAnswer) -> Sequence[Part]:
        try:
            found = self._list_at.one(orjson.loads(answer.body))
        except (orjson.JSONDecodeError, Invalid) as error:
            raise BadAnswer(f"the answer has no list of answers ({error})") from error
        if not isinstance(found, list) or len(found) != len(contents):
            said = f"{len(found)} answers" if isinstance(found, list) else "no list of answers"
            raise BadAnswer(f"there are {said} for {len(contents)} events")
        return [Part(value) for value in found]


def wrap_keys(wrap: str) -> tuple[str, ...]:
    """The keys down to the list. Raises Invalid(code="model-input") for other paths."""
    keys = DataPath(wrap).keys
    if keys is None:
        raise Invalid(
            f"{wrap!r} is no path of keys",
            code="model-input",
            where="spec.batch.wrap",
            remedy='write a JSON Pointer of keys, such as /instances, or "" for the body itself',
        )
    return keys


def _is_json(media_type: str) -> bool:
    name = media_type.partition(";")[0].strip().lower()
    return name == "application/json" or name.endswith("+json")
