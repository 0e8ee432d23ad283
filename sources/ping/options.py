"""What a PingSource is told."""

from dataclasses import dataclass

from sources.ping.schedule import Schedule
from sources.ping.slots import CatchUp


@dataclass(frozen=True, slots=True)
class PingOptions:
    """`jitter_seconds` is the most by which an event comes after its slot, never its time or id."""

    schedule: Schedule
    data: bytes | None = None
    content_type: str | None = None
    catch_up: CatchUp = "last"
    jitter_seconds: float = 0.0
