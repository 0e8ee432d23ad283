"""The V1 protocol of KServe and TensorFlow Serving: `{"instances": […]}`, `{"predictions": […]}`.

TensorFlow Serving has versions in the path, a column form (`inputs`, `outputs`) that joins
nothing, and `examples` with `results` for classify and regress.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from sinks.inference.path import DataPath
from sinks.inference.protocol import Headers, ModelAnswer, Part
from sinks.inference.protocols.encoding import (
    JSON,
    BadAnswer,
    Content,
    EventView,
    answer_object,
    bad_data,
    canonical,
    column_rows,
    only_key,
)
from sinks.inference_spec import InferenceSinkSpec

KEYS = ("data", "instances", "columns", "bytes")
_ANSWERED = {"predict": "predictions", "explain": "explanations"}


class _Body(NamedTuple):
    """`records` is None for a body that goes as it is; `others` are its other members."""

    records: list[Any] | None
    others: Mapping[str, Any]


class V1Encoding:
    """Raises Invalid(code="model-input") where `input` cannot be meant."""

    def __init__(self, spec: InferenceSinkSpec) -> None:
        self._key, self._asked = only_key(spec.input, KEYS)
        if self._key in ("data", "instances"):
            self._path = DataPath(self._asked)
        self._parameters: Mapping[str, Any] = spec.input.get("parameters", {})
        task = spec.task_asked
        is_examples = task in ("classify", "regress")
        self._list_key = "examples" if is_examples else "instances"
        self._answer_key = "results" if is_examples else _ANSWERED[task]
        self._takes_raw = spec.output.get("take") == "raw"
        version = f"/versions/{spec.version}" if spec.version and is_tensorflow(spec) else ""
        self.path = f"/v1/models/{{model}}{version}:{task}"
        self.probe_paths = (f"/v1/models/{{model}}{version}",)
        self.batch_limit = spec.batch_max_records

    def content(self, view: EventView) -> Content:
        if self._key == "bytes":
            return self._of_records([self._encoded(view)], {})
        data = view.json
        if self._key == "columns":
            return self._of_records(column_rows(self._asked["names"], data), {})
        if self._key == "instances":
            return self._of_records(self._path.each(data), {})
        if self._key is None and not (isinstance(data, dict) and self._list_key in data):
            return self._of_records([data], {})
        return self._of_body(self._path.one(data) if self._key else data)

    def _encoded(self, view: EventView) -> dict[str, Any]:
        """TensorFlow Serving's way to write bytes, which KServe's images use too."""
        encoded = {"b64": b64encode(view.event.data or b"").decode("ascii")}
        name = self._asked.get("name")
        return {name: encoded} if name else encoded

    def _of_body(self, body: object) -> Content:
        if not isinstance(body, dict):
            raise bad_data("it is no JSON object")
        if self._list_key not in body:
            return Content(_Body(None, {**body, **self._parameters}), 1, object())
        records = body[self._list_key]
        if not isinstance(records, list):
            raise bad_data(f"{self._list_key} is no list")
        others = {name: value for name, value in body.items() if name != self._list_key}
        return self._of_records(records, others)

    def _of_records(self, records: list[Any], others: Mapping[str, Any]) -> Content:
        if not records:
            raise bad_data("there is no record")
        others = {**others, **self._parameters}
        return Content(_Body(records, others), len(records), canonical(others))

    def encode(self, contents: Sequence[Content], name: str) -> tuple[Headers, bytes]:
        first: _Body = contents[0].value
        if first.records is None:
            return JSON, orjson.dumps(first.others)
        records = [record for content in contents for record in content.value.records]
        return JSON, orjson.dumps({**first.others, self._list_key: records})

    def decode(self, contents: Sequence[Content], answer: ModelAnswer) -> Sequence[Part]:
        document = answer_object(answer)
        if message := document.get("message"):  # of KServe's batcher, with a 200
            raise BadAnswer(f"the answer has no predictions but a message: {str(message)[:200]}")
        key = self._answer_key
        found = document.get(key)
        if contents[0].value.records is None or (len(contents) == 1 and key == "explanations"):
            return [self._whole(document, answer)]
        if not isinstance(found, list):
            said = "null" if found is None and key in document else "no list"
            raise BadAnswer(f"{key} is {said}" if key in document else f"there are no {key}")
        return self._cut(contents, document, found, answer)

    def _whole(self, document: dict[str, Any], answer: ModelAnswer) -> Part:
        """What answers a body that went as it is, or an explanation, whose form nobody fixed."""
        for key in (self._answer_key, "outputs"):
            if document.get(key) is not None:
                value = document if self._takes_raw else document[key]
                return Part(value, answer.body if self._takes_raw else None)
        raise BadAnswer(f"the answer has no {self._answer_key}")

    def _cut(
        self,
        contents: Sequence[Content],
        document: dict[str, Any],
        found: list[Any],
        answer: ModelAnswer,
    ) -> Sequence[Part]:
        total = sum(content.records for content in contents)
        if len(found) != total:
            # KServe answers 200 with fewer rows than it was asked for.
            raise BadAnswer(f"{self._answer_key} has {len(found)} rows for {total} records")
        parts, start = [], 0
        for content in contents:
            rows = found[start : start + content.records]
            start += content.records
            if self._takes_raw:
                whole = answer.body if len(contents) == 1 else None
                parts.append(Part({**document, self._answer_key: rows}, whole))
            else:
                parts.append(Part(rows[0] if len(rows) == 1 else rows))
        return parts


def is_tensorflow(spec: InferenceSinkSpec) -> bool:
    """KServe refuses a version in the path (501)."""
    return spec.server == "tfserving"
