"""What all workloads share: where they run, how long, and the brokers they may start."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.configuration import PlannedTrigger
from tests.bench.machine import BROKER_CORE, LOAD_CORE
from tests.bench.program import BenchFailed, Program, headrace, reference

HEADRACE = "headrace"
REFERENCE = "reference"
REFERENCE_IN_LOOP = "reference, model in its loop"


@dataclass(frozen=True, slots=True)
class Shape:
    """What is published to what: how many triggers, of which so many match."""

    triggers: int = 1
    matching: int = 1
    dialect: str = "exact"
    size_bytes: int = 1024
    batch_events: int = 1
    connections: int = 64
    is_pinned: bool = True


@dataclass(slots=True)
class Bench:
    """The settings of one call of the bench, and the rates that calibration found."""

    folder: Path  # scratch: stores, logs, configuration; on the disk to be measured
    seconds: float = 5.0
    warmup_seconds: float = 1.0
    patience_seconds: float = 30.0
    soak_seconds: float = 20.0
    backlog_events: int = 300_000
    model_events: int = 60_000  # a backlog for a model in the process
    file_rows: int = 1_000_000
    seed: int = 1
    has_cores: bool = True
    uses_tools: bool = True  # wrk and nginx where only throughput counts
    is_short: bool = False  # a smoke: fewer variants and rounds
    rates: dict[tuple[str, str], float] = field(default_factory=dict)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for one run, gone after it."""
        folder = Path(tempfile.mkdtemp(prefix="run-", dir=self.folder))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def program(
        self,
        kind: str,
        folder: Path,
        triggers: list[PlannedTrigger],
        is_pinned: bool = True,
        variables: Mapping[str, str] | None = None,
    ) -> Program:
        """A broker of that kind with an empty store in `folder`, not started."""
        cores = self.cores(is_pinned)
        if kind == HEADRACE:
            return headrace(folder, triggers, cores, variables)
        if kind == REFERENCE:
            return reference(folder, triggers, cores, variables)
        raise BenchFailed(f"no broker {kind!r}; there are {HEADRACE} and {REFERENCE}")

    def cores(self, is_pinned: bool = True) -> str | None:
        """What a program under test may use, as taskset reads it; None: what its parent may.

        Also both are said: the parent of a bench is on one of them.
        """
        if not self.has_cores:
            return None
        return f"{BROKER_CORE}" if is_pinned else f"{BROKER_CORE},{LOAD_CORE}"
