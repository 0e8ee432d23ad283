"""What a configuration says of a sink: frozen values, made by deploy/config, opened by kinds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Signing:
    """Standard Webhooks secrets (`whsec_` + base64); `previous` signs too while rotating."""

    secret: str = field(repr=False)
    previous: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Egress:
    """Which addresses subscribers may have: host names, `.suffixes`, CIDRs."""

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HttpSinkSpec:
    """An HTTP subscriber. `format` binary or structured (`json`)."""

    url: str = field(repr=False)  # a resolved secret may stand in its query
    format: Literal["binary", "json"] = "binary"
    signing: Signing | None = None
    egress: Egress = Egress()


@dataclass(frozen=True, slots=True)
class FileSinkSpec:
    """Appends each event as one line of CloudEvents JSON; a new file after `rotate_bytes`."""

    name: str  # namespace/name
    path: str
    rotate_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class InferenceSinkSpec:
    """`kind: InferenceSink`, so far with protocol onnx.

    `url` is `file:…` for onnx. `input` has one key (`columns`, `tensors`, `data`), `output` is
    `{take, path, mergeUnder}`; both as written.
    """

    name: str  # namespace/name
    protocol: Literal["onnx"]
    url: str
    input: Mapping[str, Any] = field(default_factory=dict)
    output: Mapping[str, Any] = field(default_factory=dict)
    model: str | None = None
    version: str | None = None
    reply_type: str = "io.kserve.inference.response"
    reply_source: str | None = None  # None: /{namespace}/{broker}/{trigger}/{model}
    reply_copy_extensions: tuple[str, ...] = ()
    allow_loop: bool = False
    batch_max_records: int = 64
    max_in_flight: int = 2
    timeout_seconds: float = 60.0


SinkSpec = HttpSinkSpec | FileSinkSpec | InferenceSinkSpec


def runs_in_process(spec: SinkSpec) -> bool:
    """Whether its deliveries are work of this process, which one of them could end."""
    return not isinstance(spec, HttpSinkSpec)
