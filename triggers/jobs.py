"""The jobs of a partition: replays, files and redrives, which go on beside its triggers.

They begin after the triggers, and none of them delivers before its own records are read.
"""

from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from broker.storage.rows import Checkpoint, Loaded
from sinks.sink import Sink
from triggers.file_jobs.beginning import has_batches, has_jobs
from triggers.groups import Announcing, GroupDesk
from triggers.lane import Carry, Lane
from triggers.redrive import LetterDesk, Reach, Redrives
from triggers.replay.keeping import Connect
from triggers.replay.verbs import Replays
from triggers.settler import ReplyDoor, Settler
from triggers.tracing import Tracer
from triggers.wiring import Wiring

if TYPE_CHECKING:  # a partition without files does without the modules that tend them
    from triggers.file_jobs.verbs import FileJobs


class Jobs:
    """`begin(run)` makes a task of the partition, `is_held` says whether nothing may be called."""

    def __init__(
        self,
        wiring: Wiring,
        begin: Callable[[Callable[[], Coroutine[Any, Any, None]]], None],
        is_held: Callable[[], bool],
    ) -> None:
        self._wiring = wiring
        self._lanes = wiring.roster.lanes
        self._begin = begin
        self._is_held = is_held
        self._door: ReplyDoor | None = None
        self.replays: Replays | None = None
        self.redrives: Redrives | None = None
        self.files: FileJobs | None = None  # once a trigger has a FileBatch, or had one

    async def begin_files(self, door: ReplyDoor) -> None:
        """Those of earlier processes, and of the triggers that there are."""
        self._door = door
        if await has_jobs(self._wiring.engine.records) or has_batches(self._lanes.values()):
            await self._tend_files(door).jobs.load()

    async def begin_redrives(
        self,
        letters: LetterDesk,
        groups: GroupDesk,
        announcing: Announcing | None,
        loaded: Loaded,
        carry: Carry,
        reach: Reach | None,
    ) -> None:
        """Before anything is delivered: what ends a redriven delivery is told to its job."""
        redrives = self.redrives = self._wiring.redrives(
            letters, groups, announcing, loaded, carry, reach
        )
        await redrives.load()
        self._begin(redrives.run)
        self._begin(redrives.bin.run)

    async def begin_replays(
        self, loaded: Loaded, settler: Settler, connect: Connect | None, tracer: Tracer | None
    ) -> None:
        replays = self.replays = self._wiring.replays(loaded, settler, connect, tracer)
        await replays.jobs.load()
        self._begin(replays.jobs.feeder.run)

    def _tend_files(self, door: ReplyDoor) -> "FileJobs":
        files = self.files = self._wiring.file_jobs(door, self._is_held)
        self._begin(files.jobs.run)
        return files

    def applied(self) -> None:
        """Triggers are others by now."""
        if self.replays is not None:
            self.replays.jobs.follow_origins()
        if self.files is not None:
            self.files.jobs.ask()
        elif self._door is not None and has_batches(self._lanes.values()):
            self._tend_files(self._door)  # the first: there is nothing to load

    def committed(self, checkpoint: Checkpoint) -> None:
        if self.redrives is not None:
            self.redrives.committed(checkpoint)

    def all_lanes(self) -> Sequence[Lane]:
        """Those of the triggers, of the replays, and of redrives to other sinks."""
        replays = () if self.replays is None else self.replays.jobs.open_lanes()
        detours = () if self.redrives is None else self.redrives.ways.lanes()
        return (*self._lanes.values(), *replays, *detours)

    def sinks(self) -> set[Sink]:
        """Those that the jobs call, or may still wait for; a caution may stand before some."""
        lanes = () if self.replays is None else self.replays.jobs.open_lanes()
        models = () if self.files is None else self.files.models()
        detours = () if self.redrives is None else self.redrives.ways.sinks()
        return set[Sink]().union(*(lane.sinks for lane in lanes), models, detours)

    def lowest_needed(self, needed: int) -> int:
        """The first offset that a restart needs: `needed` without the jobs."""
        return needed if self.replays is None else min(needed, self.replays.lowest_needed())

    async def close(self) -> None:
        if self.replays is not None:
            self.replays.close()
        if self.files is not None:
            await self.files.stop()
