"""A file of many rows: a job of headrace beside the plain script that one writes instead.

Both read the same CSV with the same model and write the same bytes, each alone on one core.
headrace's time is from the file's coming into its folder until the manifest is there: it is
found, settles, each chunk is durable before the next is counted, all is joined. The script's is
without its imports.
"""

import asyncio
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from tests.bench.admin import PATIENCE_SECONDS, await_admin
from tests.bench.bench import HEADRACE, Bench
from tests.bench.configuration import append_resources
from tests.bench.figures import Figures
from tests.bench.machine import peak_resident_mb
from tests.bench.meter import Meter
from tests.bench.model_server import COLUMNS
from tests.bench.onnx_backlog import MODEL
from tests.bench.program import ROOT, BenchFailed, Program, pinned_to

NAME = "flowers.csv"
OUTPUT, MANIFEST = f"{NAME}.predictions.csv", f"{NAME}.predictions.manifest.json"
SETTLE = "PT0.1S"
POLL_SECONDS = 0.02
RESOURCES = (
    (
        "FolderSource",
        "flowers",
        {"path": "flowers", "include": [NAME], "settle": SETTLE},
    ),
    (
        "Trigger",
        "predict",
        {
            "filters": [{"prefix": {"type": "dev.headrace.folder."}}],
            "subscriber": {"ref": {"kind": "FileBatch", "name": "flowers"}},
        },
    ),
    (
        "FileBatch",
        "flowers",
        {
            "sink": "iris",
            "root": "flowers",
            "match": {"settle": "PT0S"},
            "call": {"batchSize": 1024},
            "write": {"outputFilter": ["species"]},
        },
    ),
    (
        "InferenceSink",
        "iris",
        {
            "protocol": "onnx",
            "url": f"file://{MODEL}",
            "input": {
                "columns": {"names": list(COLUMNS), "tensor": "measures", "datatype": "FP32"}
            },
        },
    ),
)


async def file_job(bench: Bench, kind: str) -> Figures:
    """Predict each of `bench.file_rows` rows; `lost` are those that are not as the script's."""
    source = _flowers(bench)
    if kind != HEADRACE:
        return await asyncio.to_thread(_script, bench, source)
    expected = _expected(source)
    if not expected.exists():  # the script's turn may come later
        await asyncio.to_thread(_script, bench, source)
    with bench.scratch() as folder:
        (folder / "flowers").mkdir()
        program = bench.program(HEADRACE, folder, [])
        append_resources(folder / "headrace.yaml", RESOURCES)
        try:
            await asyncio.to_thread(program.start)
            await_admin(program)
            figures = await asyncio.to_thread(_job, program, folder, source, bench.file_rows)
        finally:
            program.stop()
        lost = await asyncio.to_thread(count_differing, folder / "flowers" / OUTPUT, expected)
    return {**figures, "lost": lost}


def _flowers(bench: Bench) -> Path:
    """The CSV of all rounds of one call of the bench: measures of chance, in tenths."""
    path = bench.folder / f"flowers-{bench.file_rows}.csv"
    if not path.exists():
        with path.open("w") as file:
            file.write(",".join(COLUMNS) + "\n")
            file.writelines(_rows(bench.file_rows, bench.seed))
    return path


def _rows(count: int, seed: int) -> Iterator[str]:
    drawn = random.Random(seed).choices([f"{n / 10}" for n in range(1, 80)], k=4 * count)
    fields = iter(drawn)
    return (",".join(row) + "\n" for row in zip(fields, fields, fields, fields, strict=True))


def _expected(source: Path) -> Path:
    return source.with_suffix(".expected.csv")


def _script(bench: Bench, source: Path) -> Figures:
    command = [*pinned_to(bench.cores()), sys.executable, "-m", "tests.bench.file_script"]
    command += [str(MODEL), str(source), str(_expected(source))]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if ended.returncode:
        raise BenchFailed(f"the script ended with {ended.returncode}: {ended.stderr[-500:]!r}")
    took = json.loads(ended.stdout)
    return {
        "events_per_second": bench.file_rows / took["seconds"],
        "cpu_us_per_event": took["cpu_seconds"] / bench.file_rows * 1e6,
        "broker_cores": took["cpu_seconds"] / took["seconds"],
        "peak_rss_mb": took["peak_rss_mb"],
        "accepted": bench.file_rows,
        "lost": 0,
    }


def _job(program: Program, folder: Path, source: Path, rows: int) -> Figures:
    """Put the file into the folder at once, and wait for its manifest."""
    manifest = folder / "flowers" / MANIFEST
    copied = folder / NAME
    copied.write_bytes(source.read_bytes())
    meter = Meter(program.pid)
    deadline = time.monotonic() + PATIENCE_SECONDS
    copied.rename(folder / "flowers" / NAME)
    while not manifest.exists():
        if time.monotonic() > deadline:
            raise BenchFailed(f"no manifest after {PATIENCE_SECONDS:g} s: {program.last_words()}")
        time.sleep(POLL_SECONDS)
        program.check_alive()
    meter.read()
    return {**meter.figures(rows, rows), "peak_rss_mb": peak_resident_mb(program.pid)}


def count_differing(made: Path, expected: Path) -> int:
    """How many rows are missing, too many, or not what they should be."""
    with made.open("rb") as ours, expected.open("rb") as theirs:
        return sum(one != other for one, other in zip_longest(ours, theirs))
