"""The workloads by name: what each measures, in which variants, and what must hold in each run."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from tests.bench import adversity, desk, endurance, latency, looking, sourcing, throughput
from tests.bench.bench import HEADRACE, REFERENCE, REFERENCE_IN_LOOP, Bench, Shape
from tests.bench.figures import Figures

Measure = Callable[[Bench, str, Shape], Coroutine[Any, Any, Figures]]

BOTH = (HEADRACE, REFERENCE)
ONE = (HEADRACE,)
FEW, MANY = 10, 10_000
MODEL_VARIANTS = ("one-by-one", "one-a-call", "batched")


@dataclass(frozen=True, slots=True)
class Workload:
    """`variants` run one after the other in each round, in an order that rotates.

    `in_short` are those that the short form runs, where it does not run all.
    """

    says: str
    variants: tuple[str, ...]
    run: Callable[[Bench, str], Coroutine[Any, Any, Figures]]
    rounds_min: int = 1
    in_short: tuple[str, ...] = ()

    @property
    def short_variants(self) -> tuple[str, ...]:
        return self.in_short or self.variants


def _of(says: str, measure: Measure, shape: Shape, variants: tuple[str, ...] = BOTH) -> Workload:
    return Workload(says, variants, lambda bench, variant: measure(bench, variant, shape))


async def _triggers(bench: Bench, variant: str) -> Figures:
    dialect, count = variant.split()
    shape = Shape(triggers=int(count), dialect=dialect)
    return await throughput.throughput(bench, HEADRACE, shape)


async def _kserve_batch(bench: Bench, variant: str) -> Figures:
    # Imported here, so that the other workloads need no server of models.
    from tests.bench.modelling import kserve_batch

    return await kserve_batch(bench, variant)


async def _onnx_backlog(bench: Bench, variant: str) -> Figures:
    # Imported here, so that the other workloads need no runtime of models.
    from tests.bench.onnx_backlog import onnx_backlog

    return await onnx_backlog(bench, variant)


async def _file_job(bench: Bench, variant: str) -> Figures:
    from tests.bench.file_jobs import file_job

    return await file_job(bench, variant)


def _source(says: str, kind: str) -> Workload:
    return Workload(says, ONE, lambda bench, _variant: sourcing.source(bench, kind))


WORKLOADS: dict[str, Workload] = {
    "ingest-1": _of(
        "one event a request, no trigger", throughput.throughput, Shape(triggers=0, matching=0)
    ),
    "ingest-batch": _of(
        "batches of 100 events, no trigger",
        throughput.throughput,
        Shape(triggers=0, matching=0, batch_events=100, connections=16),
    ),
    "e2e-1": _of("one trigger, one sink", throughput.throughput, Shape()),
    "e2e-half": _of("the same at half load: latency", latency.at_half_load, Shape()),
    "e2e-low": _of("1,000 events/s: latency and idle cost", latency.at_low_rate, Shape()),
    "fanout": _of("five triggers, all match", throughput.throughput, Shape(5, 5)),
    "triggers": Workload(
        "one of ten or of ten thousand triggers matches",
        tuple(f"{dialect} {count}" for dialect in ("exact", "prefix") for count in (FEW, MANY)),
        _triggers,
    ),
    "size": _of("64 KiB events", throughput.throughput, Shape(size_bytes=65_536)),
    "backlog": _of("taken while the sink is paused, then drained", endurance.backlog, Shape(), ONE),
    "kill9": _of("kill -9 under load, and go on", endurance.kill9, Shape(), ONE),
    "cold": _of("start of the process to the first 202", latency.cold_start, Shape()),
    "bad-sink": Workload(
        "one of ten sinks hangs, one fails; half load",
        (adversity.ALONE, adversity.BESIDE_BAD),
        adversity.bad_sinks,
        rounds_min=7,
    ),
    "slow-disk": _of("each commit takes 2.6 ms more", adversity.slow_disk, Shape()),
    "two-core": _of("the broker may use both cores", throughput.throughput, Shape(is_pinned=False)),
    "why": Workload(
        "the story of one event out of a million, of ten or ten thousand triggers",
        tuple(looking.TRIGGERS),
        looking.why,
    ),
    "desk": Workload(
        "ten thousand or a million dead letters, looked at while events go through",
        tuple(desk.LETTERS),
        desk.desk,
        in_short=tuple(desk.LETTERS)[:1],  # to make a million takes minutes
    ),
    "source-kafka": _source("60,000 records of 1 KiB that wait, then 200 a second", "kafka"),
    "source-s3": _source("10,000 objects to be listed, then 200 a second", "s3"),
    "source-api": _source("5,000 objects to be listed, then 200 a second", "api"),
    "kserve-batch": Workload(
        "a backlog of 20,000 small events for a real KServe, one a call and in batches",
        MODEL_VARIANTS,
        _kserve_batch,
    ),
    "onnx-backlog": Workload(
        "60,000 small events for a model in the process; the reference calls a server of it",
        (*BOTH, REFERENCE_IN_LOOP),
        _onnx_backlog,
    ),
    "file-job": Workload(
        "a CSV of 1,000,000 rows through a model; the reference is a plain script",
        (REFERENCE, HEADRACE),
        _file_job,
    ),
    "soak": _of("half load for longer", endurance.soak, Shape(), ONE),
}

SMOKE = ("ingest-1", "e2e-1", "fanout", "kill9", "desk", "onnx-backlog", "file-job")


def find_faults(name: str, figures: Figures) -> list[str]:
    """Broken promises of one run: an accepted event not delivered, or one delivered twice."""
    found = ["nothing was accepted"] if figures.get("accepted") == 0 else []
    found += [
        f"{figures[what]:.0f} {what}" for what in ("lost", "strays") if figures.get(what, 0.0) > 0
    ]
    if figures.get("duplicates", 0.0) > figures.get("duplicates_max", 0.0):
        found.append(f"{figures['duplicates']:.0f} duplicates")
    if name != "kill9" and figures.get("unanswered", 0.0) > 0:
        found.append(f"{figures['unanswered']:.0f} requests without an answer")
    if figures.get("refused", 0.0) > 0:
        found.append(f"{figures['refused']:.0f} events refused")
    return found
