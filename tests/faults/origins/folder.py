"""Programs that put files into a folder, whole by renaming; the truth is what lies there."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from broker.event import Event, StoredEvent
from tests.faults.process import Program


class FolderOrigin:
    has_server = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._is_resting = False

    def document(self) -> str:
        return f"""
apiVersion: headrace.dev/v1
kind: FolderSource
metadata: {{name: tested}}
spec: {{path: "{self._folder}", settle: PT0.2S}}
"""

    def variables(self) -> dict[str, str]:
        return {}

    async def work(self, program: Program) -> None:
        number = 0
        while not self._is_resting:
            for _ in range(5):
                self._put(number)
                number += 1
            await asyncio.sleep(0.02)

    def _put(self, number: int) -> None:
        inside = self._folder / f"day {number % 7}"
        inside.mkdir(exist_ok=True)
        making = inside / f"{number}.csv.part"
        making.write_text(f"row,{number}\n")
        making.rename(inside / f"{number}.csv")

    def rest(self) -> None:
        self._is_resting = True

    async def die(self) -> None:
        """A folder has no server."""

    async def expected(self, stored: Sequence[StoredEvent]) -> Counter[str]:
        return Counter(str(path.relative_to(self._folder)) for path in self._folder.rglob("*.csv"))

    def label_of(self, event: Event) -> str:
        return event.attributes["subject"]


async def make(folder: Path, _request: pytest.FixtureRequest) -> FolderOrigin:
    watched = folder / "watched"
    watched.mkdir()
    return FolderOrigin(watched)
