"""OpenAI-compatible servers: chat, completions and embeddings.

Source: OpenAI API reference, chat completions, completions, embeddings.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from sinks.inference.path import DataPath
from sinks.inference.protocol import Headers, ModelAnswer, Part
from sinks.inference.protocols.encoding import (
    JSON,
    Content,
    EventView,
    bad_data,
    canonical,
    only_key,
)
from sinks.inference.protocols.openai_answers import (
    choice_parts,
    embedding_parts,
    read_document,
)
from sinks.inference.template import Template
from sinks.inference.tree import Tree
from sinks.inference_spec import InferenceSinkSpec

_PATHS = {
    "chat": "/v1/chat/completions",
    "completions": "/v1/completions",
    "embeddings": "/v1/embeddings",
}
_CONTENT_KEYS = {"chat": "messages", "completions": "prompt", "embeddings": "input"}
KEYS = {
    "chat": ("data", "messages", "prompt"),
    "completions": ("data", "prompt"),
    "embeddings": ("data", "embed"),
}
_PROBES = ("/v1/models", "/health")


class OpenAiEncoding:
    """The configured model is asked, whatever an event says.

    Raises Invalid(code="model-input") where `input` cannot be meant for the task.
    """

    def __init__(self, spec: InferenceSinkSpec) -> None:
        self._task = spec.task_asked
        self._key, self._asked = only_key(spec.input, KEYS[self._task])
        self._content_key = _CONTENT_KEYS[self._task]
        self._fixed: Mapping[str, Any] = {**spec.input.get("parameters", {}), "model": spec.model}
        self._asks_usage = spec.limits.tokens_per_minute is not None
        self._takes_raw = spec.output.get("take") == "raw"
        self._takes_message = spec.output.get("take") == "message"
        self.path = _PATHS[self._task]
        self.probe_paths = _PROBES
        # Which of n choices belongs to which of several prompts is nowhere said.
        single = self._task == "chat" or self._fixed.get("n", 1) != 1
        self.batch_limit = 1 if single else spec.batch_max_records
        if self._key in ("data", "embed"):
            self._path = DataPath(self._asked)
        elif self._key == "prompt":
            self._prompt = Template(self._asked)
        elif self._key == "messages":
            self._messages = Tree(self._asked)

    def content(self, view: EventView) -> Content:
        """`value` is (what to ask, the other members); for lists the values one by one."""
        if self._key == "messages":
            filled = self._messages.fill(view.event.attributes, view.for_templates)
            return self._of([_with_text(message) for message in filled], {})
        if self._key == "prompt":
            text = self._prompt.fill(view.event.attributes, view.for_templates, {})
            is_chat = self._task == "chat"
            return self._of([{"role": "user", "content": text}] if is_chat else text, {})
        if self._key == "embed":
            return self._of(_texts(self._path.each(view.json)), {})
        body = self._path.one(view.json) if self._key else view.json
        if not isinstance(body, dict) or self._content_key not in body:
            what = f"it is no object with {self._content_key}, and no other input is configured"
            raise bad_data(what)
        others = {name: value for name, value in body.items() if name != self._content_key}
        return self._of(body[self._content_key], others)

    def _of(self, asked: Any, others: Mapping[str, Any]) -> Content:
        others = {**others, **self._fixed}
        if self._asks_usage and others.get("stream") is True:
            # A stream says what it cost only where it is asked to.
            others.setdefault("stream_options", {"include_usage": True})
        if self._task == "chat":
            return Content((asked, {"stream": False, **others}), 1, object())
        is_list = isinstance(asked, list) and all(isinstance(each, str) for each in asked)
        if is_list and not asked:
            raise bad_data("there is no text")
        if self._task == "completions":
            others = {"stream": False, **others}
        # Token ids are one text too; joined with others nobody could tell.
        joins = (isinstance(asked, str) or is_list) and others.get("n", 1) == 1
        values = asked if is_list else [asked]
        key = canonical(others) if joins else object()
        return Content((values if joins else asked, others), len(values) if joins else 1, key)

    def encode(self, contents: Sequence[Content], name: str) -> tuple[Headers, bytes]:
        asked, others = contents[0].value
        if len(contents) > 1:
            asked = [each for content in contents for each in content.value[0]]
        elif self._task != "chat" and contents[0].records == 1 and _is_alone(asked):
            asked = asked[0]
        return JSON, orjson.dumps({**others, self._content_key: asked})

    def decode(self, contents: Sequence[Content], answer: ModelAnswer) -> Sequence[Part]:
        document = read_document(answer)
        counts = [content.records for content in contents]
        raw = answer.body if len(contents) == 1 else None
        if self._task == "embeddings":
            encoded = contents[0].value[1].get("encoding_format") == "base64"
            parts = embedding_parts(document, counts, is_encoded=encoded)
        else:
            many = len(contents) == 1 and contents[0].value[1].get("n", 1) != 1
            parts = choice_parts(
                document, counts, whole_message=self._takes_message, any_count=many
            )
        if not self._takes_raw:
            return parts
        if raw is not None and answer.body.lstrip()[:1] == b"{":
            return [Part(document, raw, parts[0].facts, parts[0].tokens)]
        return [Part(_share(document, part), None, part.facts, part.tokens) for part in parts]


def _with_text(message: dict[str, Any]) -> dict[str, Any]:
    """A number as a message's content is meant as text."""
    content = message.get("content")
    return {**message, "content": str(content)} if type(content) in (int, float) else message


def _texts(found: list[Any]) -> list[Any] | Any:
    """Of one value itself, which may be a list; of several, all."""
    texts = found[0] if len(found) == 1 and isinstance(found[0], list) else found
    if not texts or not all(isinstance(text, str) and text for text in texts):
        raise bad_data("there is no text to embed")
    return texts


def _is_alone(asked: Any) -> bool:
    """A list of one text is sent as the text: some servers take no list."""
    return isinstance(asked, list) and len(asked) == 1 and isinstance(asked[0], str)


def _share(document: Mapping[str, Any], part: Part) -> dict[str, Any]:
    key = "data" if "data" in document else "choices"
    others = {name: value for name, value in document.items() if name != "usage"}
    return {**others, key: part.value}
