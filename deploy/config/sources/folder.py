"""The schema of `kind: FolderSource`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from broker.errors import Invalid
from deploy.config.mistakes import InvalidValue
from deploy.config.schema_parts import PositiveSeconds, Seconds, Text
from deploy.config.shapes import Bounds, Judge
from deploy.config.sources.parts import SourceFields, SourceResource
from sources.folder.options import FILES_MAX, UNFINISHED, FolderOptions
from sources.globs import Glob

GLOBS_MAX = 100
FILES_MOST = 1_000_000


def _glob(text: str) -> str:
    try:
        Glob(text)
    except Invalid as error:
        remedy = "write one below the folder, such as *.csv, in/*.csv or **/done/**"
        raise InvalidValue(error.what, remedy=remedy) from error
    return text


def _scan_interval(seconds: float) -> float:
    if seconds < 1:
        raise InvalidValue("is shorter than a second", remedy="write at least PT1S")
    return seconds


def _path(text: str) -> str:
    if "\0" in text:
        raise InvalidValue("cannot be the name of a folder", remedy="write a path without NUL")
    return text


GlobText = Annotated[Text, Judge(_glob)]


class FolderFields(SourceFields):
    path: Annotated[Text, Judge(_path)]
    include: Annotated[Sequence[GlobText], Bounds(0, GLOBS_MAX)] = ()
    exclude: Annotated[Sequence[GlobText], Bounds(0, GLOBS_MAX)] = UNFINISHED
    recursive: bool = True
    events: Annotated[Sequence[Literal["created", "changed", "removed"]], Bounds(1)] = (
        "created", "changed", "removed",
    )  # fmt: skip
    settle: Seconds = 1.0
    scan_interval: Annotated[PositiveSeconds, Judge(_scan_interval)] = 30.0
    hash: bool = True
    initial: Literal["all", "none"] = "all"
    max_files: Annotated[int, Bounds(1, FILES_MOST)] = FILES_MAX


class FolderResource(SourceResource):
    spec: FolderFields

    def options(self, namespace: str, name: str, folder: Path) -> FolderOptions:
        fields = self.spec
        return FolderOptions(
            path=str(folder / fields.path),
            include=tuple(fields.include),
            exclude=tuple(fields.exclude),
            is_recursive=fields.recursive,
            tells=frozenset(fields.events),
            tells_initial=fields.initial == "all",
            settle_seconds=fields.settle,
            scan_seconds=fields.scan_interval,
            has_hash=fields.hash,
            files_max=fields.max_files,
        )
