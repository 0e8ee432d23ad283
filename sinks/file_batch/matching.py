"""Which files become jobs, and which are passed over and why. Pure."""

from collections.abc import Callable
from enum import Enum

from sinks.file_batch.names import OutputNames
from sinks.file_batch.spec import MatchSpec, WriteSpec

SETTLE_SECONDS = {"folder": 2.0, "s3": 0.0, "http": 0.0}
_MARKER_SUFFIX, _MARKER_NAME = ".ready", "_SUCCESS"


class Verdict(Enum):
    """`OTHER`: not what is watched for; the rest is counted by its name."""

    TAKEN = "taken"
    OTHER = "other"
    OUTPUT = "output"
    MARKER = "marker"
    TOO_SMALL = "too-small"
    TOO_LARGE = "too-large"


class Matching:
    """`takes` is the glob over the path below the prefix, built by the caller; all by default."""

    def __init__(
        self, match: MatchSpec, write: WriteSpec, takes: Callable[[str], bool] = lambda _: True
    ) -> None:
        self._match = match
        self._outputs = OutputNames(write.name)
        self._takes = takes

    def judge(self, path: str, size_bytes: int) -> Verdict:
        match = self._match
        if not path.startswith(match.prefix):
            return Verdict.OTHER
        if match.ignores_outputs and self._outputs.is_output_name(path):
            return Verdict.OUTPUT
        if self.is_marker(path):
            return Verdict.MARKER
        if not self._takes(path.removeprefix(match.prefix).removeprefix("/")):
            return Verdict.OTHER
        if size_bytes < match.bytes_min:
            return Verdict.TOO_SMALL
        if match.bytes_max is not None and size_bytes > match.bytes_max:
            return Verdict.TOO_LARGE
        return Verdict.TAKEN

    def is_marker(self, path: str) -> bool:
        """Whether it only says that other files are complete."""
        name = path.rpartition("/")[2]
        if self._match.marker == "success":
            return name == _MARKER_NAME
        return self._match.marker == "ready" and name.endswith(_MARKER_SUFFIX)

    def marker_of(self, path: str) -> str | None:
        """The path that must be there before `path` is read; None where none is waited for."""
        if self._match.marker == "ready":
            return path + _MARKER_SUFFIX
        folder, slash, _ = path.rpartition("/")
        return folder + slash + _MARKER_NAME if self._match.marker == "success" else None

    def settle_seconds(self, kind: str) -> float:
        """How long size and identity must have been the same, in a store of this kind."""
        given = self._match.settle_seconds
        return SETTLE_SECONDS[kind] if given is None else given
