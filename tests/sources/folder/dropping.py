"""A FolderSource at work on a real folder, with its inside."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from broker.clock import Clock
from broker.event import Event
from sources.folder.options import FolderOptions
from sources.folder.source import FolderSource
from sources.spec import SourceSpec
from tests.sources.inside import Inside

SETTLE_SECONDS = 0.05


class Dropping:
    """`await start()` runs it until it has looked; `told` are its events, as `happening path`."""

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        self.folder = folder
        self.inside = Inside(clock)
        options = FolderOptions(str(folder), settle_seconds=SETTLE_SECONDS)
        self.spec = SourceSpec("FolderSource", "default/drop", "default/default", options)

    def put(self, name: str, text: str = "a,b\n") -> Path:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def make(self, **changed: object) -> FolderSource:
        options = replace(self.spec.options, **changed)
        self.spec = replace(self.spec, options=options)
        return FolderSource(self.spec, self.inside.supplies)

    async def start(self, **changed: object) -> None:
        connections = self.inside.connections
        self.inside.start(self.make(**changed), self.spec)
        await self.inside.until(lambda: self.inside.connections > connections)

    async def restart(self, **changed: object) -> None:
        await self.inside.crash()
        await self.start(**changed)

    async def run(self, **changed: object) -> None:
        """Until it raises."""
        await self.make(**changed).run(self.inside.outlet(self.spec))

    async def told(self, count: int) -> list[str]:
        """Once there are so many and nothing waits."""
        await self.inside.until_stored(count)
        await self.inside.until(lambda: self.inside.standing.lag == 0)
        return [happened(one.event) for one in await self.inside.stored()]

    async def noticed(self, is_it: Callable[[str], bool]) -> str:
        await self.inside.until(lambda: any(map(is_it, self.inside.notices)))
        return next(filter(is_it, self.inside.notices))


def happened(event: Event) -> str:
    return f"{event.type.rpartition('.')[2]} {event.attributes['subject']}"
