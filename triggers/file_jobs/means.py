"""What the file jobs of a partition work with."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from broker.clock import Clock
from broker.storage.engine import Engine
from broker.telemetry import Telemetry
from sinks.file_batch.sink import FileBatchSink
from triggers.caution import bare
from triggers.lane import Lane
from triggers.ledger import Ledger
from triggers.settler import ReplyDoor


@dataclass(frozen=True, slots=True)
class Means:
    """`lanes` are the partition's triggers; `changed` says that the ledger has got something,
    `flush` gives back when all in it is on disk. `is_held` is true once the process drains;
    `defect` is told what must not happen.
    """

    broker: str
    engine: Engine
    ledger: Ledger
    lanes: Mapping[str, Lane]
    door: ReplyDoor
    clock: Clock
    telemetry: Telemetry
    changed: Callable[[], None]
    flush: Callable[[], Awaitable[None]]
    is_held: Callable[[], bool]
    defect: Callable[[BaseException], None]

    def sink_of(self, trigger: str) -> FileBatchSink | None:
        """What the files of a trigger are handed to; None where that is no FileBatch any more."""
        lane = self.lanes.get(trigger)
        sink = None if lane is None or lane.is_companion else bare(lane.sink)
        return sink if isinstance(sink, FileBatchSink) else None
