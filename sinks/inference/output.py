"""What a model gave to the data of a reply, as the sink's `output` says."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import orjson

from broker.errors import Invalid
from sinks.inference.path import DataPath
from sinks.inference_spec import InferenceSinkSpec

_KEYS = ("take", "path", "mergeUnder")
_TAKES: Mapping[str, tuple[str, ...]] = {
    "v1": ("predictions", "raw"),
    "v2": ("tensors", "predictions", "raw"),
    "chat": ("text", "message", "raw"),
    "completions": ("text", "message", "raw"),
    "embeddings": ("embedding", "raw"),
    "kserve-ce": ("raw", "predictions"),
    "http-json": ("raw",),
    "onnx": ("tensors", "predictions", "raw"),
}


def takes_of(protocol: str, task: str) -> tuple[str, ...]:
    """What `output.take` may be, the default first."""
    return _TAKES[task if protocol == "openai" else protocol]


def output_of(spec: InferenceSinkSpec) -> "Output":
    """The output of a sink. Raises Invalid(code="model-output")."""
    written = spec.output
    if spec.protocol == "http-json" and spec.batch.wrap is not None:
        # The path is where the list of answers is: each was found there already.
        written = {key: value for key, value in written.items() if key != "path"}
    return Output(written, takes_of(spec.protocol, spec.task_asked))


class Output:
    """Of what was taken `path`; that under the key `mergeUnder` of the event's data.

    `take` is one of `takes`, the first of them unless written; taking is the protocol's.
    """

    def __init__(self, written: Mapping[str, Any], takes: Sequence[str]) -> None:
        self.take: str = written.get("take", takes[0])
        unknown = [key for key in written if key not in _KEYS]
        if unknown or self.take not in takes:
            raise Invalid(
                f"output has {', '.join(unknown)}" if unknown else f"output.take is {self.take!r}",
                code="model-output",
                where="spec.output",
                remedy=f"use {', '.join(_KEYS)}; take is one of {', '.join(takes)}",
            )
        self._path = DataPath(written["path"]) if written.get("path") else None
        self._merge_under: str | None = written.get("mergeUnder")
        self._members = msgspec.json.Decoder(dict[str, msgspec.Raw])

    @property
    def keeps_bytes(self) -> bool:
        """Whether `data` gives the raw bytes as they came, where there are some."""
        return self._path is None and self._merge_under is None

    def data(self, taken: object, event_data: bytes, raw: bytes | None = None) -> bytes:
        """The JSON data of one event's reply; `raw` are the bytes of `taken`, if there are.

        Raises Invalid(code="missing-field") where `path` finds nothing.
        """
        if self._path is not None:
            taken, raw = self._path.one(taken), None
        encoded = orjson.dumps(taken, option=orjson.OPT_NON_STR_KEYS) if raw is None else raw
        return encoded if self._merge_under is None else self._merged(event_data, encoded)

    def _merged(self, event_data: bytes, encoded: bytes) -> bytes:
        """The event's data with one more key; its own values stay the bytes they were."""
        assert self._merge_under is not None
        members: dict[str, msgspec.Raw]
        try:
            members = self._members.decode(event_data)
        except msgspec.DecodeError:
            members = {"input": msgspec.Raw(_as_json(event_data))}
        return msgspec.json.encode({**members, self._merge_under: msgspec.Raw(encoded)})


def _as_json(data: bytes) -> bytes:
    """Data that is no object: as it is, or as null where it is no JSON either (an image)."""
    try:
        msgspec.json.decode(data)
    except msgspec.DecodeError:
        return b"null"
    return data
