"""What a configuration says of a sink: frozen values, made by deploy/config, opened by kinds."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from sinks.inference_spec import InferenceSinkSpec

if TYPE_CHECKING:  # its many groups are made only where a configuration has such a sink
    from sinks.file_batch.spec import FileBatchSpec

__all__ = [
    "Egress",
    "FileBatchSinkSpec",
    "FileSinkSpec",
    "HttpSinkSpec",
    "InferenceSinkSpec",
    "Signing",
    "SinkSpec",
    "runs_in_process",
]


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
class FileBatchSinkSpec:
    """`kind: FileBatch`: files become jobs, and `model` predicts what they hold."""

    batch: "FileBatchSpec"
    model: InferenceSinkSpec
    egress: Egress = Egress()  # of files that are fetched by HTTP

    @property
    def name(self) -> str:
        return self.batch.name


SinkSpec = HttpSinkSpec | FileSinkSpec | InferenceSinkSpec | FileBatchSinkSpec


def runs_in_process(spec: SinkSpec) -> bool:
    """Whether its deliveries are work of this process, which one of them could end."""
    if isinstance(spec, InferenceSinkSpec):
        return spec.protocol == "onnx"
    return not isinstance(spec, HttpSinkSpec | FileBatchSinkSpec)  # a job is no delivery
