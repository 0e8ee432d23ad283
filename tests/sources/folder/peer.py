"""The outside of a FolderSource: a real folder; lost is moved away, refused is a file instead."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from broker.event import Event
from sources.folder.options import FolderOptions
from sources.folder.source import FolderSource
from sources.source import Source, SourceSupplies
from sources.spec import SourceSpec
from tests.sources.peer import Peer


class FolderPeer:
    is_ordered = False
    can_be_lost = True

    def __init__(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "drop"
        self._away = tmp_path / "away"
        self._count = 0
        self.folder.mkdir()
        options = FolderOptions(str(self.folder), settle_seconds=0.05)
        self.spec = SourceSpec("FolderSource", "default/drop", "default/default", options)

    def make(self, supplies: SourceSupplies) -> Source:
        return FolderSource(self.spec, supplies)

    async def happen(self, count: int) -> Sequence[str]:
        names = [f"{self._count + number}.csv" for number in range(count)]
        self._count += count
        for name in names:
            (self.folder / name).write_text(f"a,b\n1,{name}\n")
        return names

    def label_of(self, event: Event) -> str:
        return event.attributes["subject"]

    async def lose(self) -> None:
        self.folder.rename(self._away)

    async def find(self) -> None:
        self._away.rename(self.folder)

    async def refuse(self) -> None:
        """Permissions bind no root, under which tests may run; what is no folder binds all."""
        shutil.rmtree(self.folder)
        self.folder.write_text("no folder any more")

    async def close(self) -> None:
        """The folder goes with the test's own."""


async def make(request: pytest.FixtureRequest) -> Peer:
    return FolderPeer(request.getfixturevalue("tmp_path"))
