"""One partition as an engine gives it: the three contracts over one transaction."""

from typing import Protocol

from broker.storage.desk import Desk
from broker.storage.log import Log
from broker.storage.records import Records
from broker.telemetry import ROWS, Histogram


class CommitTimings:
    """What commits took and held, for metrics."""

    __slots__ = ("commit", "rows")

    def __init__(self) -> None:
        self.commit = Histogram()
        self.rows = Histogram(ROWS)


class Engine(Protocol):
    @property
    def log(self) -> Log: ...

    @property
    def desk(self) -> Desk: ...

    @property
    def timings(self) -> CommitTimings: ...

    @property
    def records(self) -> Records: ...
