"""A source as listings show it: a frozen picture of the moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from deploy.sources.supervisor import Failure


@dataclass(frozen=True, slots=True)
class Pause:
    """Who paused a source, when and why; it lasts until somebody resumes it."""

    at: datetime
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SourceView:
    """`sink` is for people: a broker's name, or an endpoint without credentials.

    Counts are since the process started; `lag` is None where the origin does not tell.
    """

    name: str
    kind: str
    broker: str
    sink: str
    state: str  # starting, connected, retrying, paused, stopped
    connected: bool
    detail: str
    position: str
    lag: int | None
    events: int
    duplicates: int
    refused: int
    errors: int
    rate_per_second: float | None
    last_event_at: datetime | None
    last_error: Failure | None
    retry_at: datetime | None
    pause: Pause | None
    spec: Mapping[str, Any] = field(default_factory=dict)
