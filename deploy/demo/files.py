"""The demo's files: put where they are watched, predicted by row, told by their manifests."""

import asyncio
import csv
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import orjson

from deploy.demo.home import Home
from deploy.demo.irises import Iris

GOOD, SPOILED = "iris.csv", "iris-with-mistakes.csv"
SPOILED_ROWS = {17: "a word where a number belongs", 60: "a value is missing", 133: "too short"}
PREDICTED = "species_"  # the CSV has a species of its own
PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class FileTally:
    """What became of one file; `right` are predictions equal to the known species."""

    name: str
    rows: int
    predicted: int
    failed: int
    right: int


def spoiled(text: str) -> str:
    """The CSV `text` with three rows that no model can take. Pure."""
    lines = text.splitlines()
    rows = list(SPOILED_ROWS)
    for row, change in zip(rows, (_worded, _emptied, _shortened), strict=True):
        lines[row] = change(lines[row])
    return "\n".join(lines) + "\n"


def _worded(line: str) -> str:
    return "tall" + line[line.index(",") :]


def _emptied(line: str) -> str:
    return line[line.index(",") :]


def _shortened(line: str) -> str:
    return ",".join(line.split(",")[:2])


def put_files(original: Path, home: Home) -> None:
    """The good one and the spoiled one, each whole from the moment that it is there. Blocking."""
    text = original.read_text(encoding="utf-8")
    for name, content in ((GOOD, text), (SPOILED, spoiled(text))):
        home.store.put_atomic(home.front + name, [content.encode()])


async def tallies(home: Home) -> list[FileTally]:
    """What the manifests say, once both are there; those that are, after a while."""
    names = (GOOD, SPOILED)
    found: dict[str, FileTally] = {}
    for _ in range(round(PATIENCE_SECONDS / POLL_SECONDS)):
        for name in names:
            if name not in found:
                tally = await asyncio.to_thread(_tally, home, name)
                found |= {name: tally} if tally else {}
        if len(found) == len(names):
            break
        await asyncio.sleep(POLL_SECONDS)
    return [found[name] for name in names if name in found]


def _tally(home: Home, name: str) -> FileTally | None:
    """None before its manifest is there."""
    manifest = f"{home.front}{name}.predictions.manifest.json"
    if home.store.head(manifest) is None:
        return None
    told = orjson.loads(_read(home, manifest))
    text = _read(home, f"{home.front}{name}.predictions.csv").decode()
    rows = list(csv.DictReader(StringIO(text, newline="")))
    right = sum(row[PREDICTED] == row["species"] for row in rows if row.get(PREDICTED))
    return FileTally(name, told["rows"], told["ok"], told["failed"], right)


def _read(home: Home, path: str) -> bytes:
    return b"".join(home.store.read(path))


def file_faults(found: Sequence[FileTally], irises: Sequence[Iris]) -> list[str]:
    """What is not as it must be; empty when both files went well. Pure."""
    by_name = {one.name: one for one in found}
    problems = []
    for name, failed in ((GOOD, 0), (SPOILED, len(SPOILED_ROWS))):
        one = by_name.get(name)
        if one is None:
            problems.append(f"{name}: no manifest after {PATIENCE_SECONDS:g} s")
        elif (one.rows, one.predicted, one.failed) != (len(irises), len(irises) - failed, failed):
            problems.append(f"{name}: {one.predicted} of {one.rows} rows, {one.failed} failed")
        elif one.right < 0.9 * one.predicted:
            problems.append(f"{name}: only {one.right} of {one.predicted} are right")
    return problems
