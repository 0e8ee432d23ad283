"""The program with one of the examples as its configuration, and what tests read beside it."""

import json
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.faults.process import ROOT, Program, Surroundings

EXAMPLES = ROOT / "deploy" / "examples"


@asynccontextmanager
async def running(
    folder: Path,
    example: str,
    model: str,
    changes: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
) -> AsyncIterator[Program]:
    """`example` in `folder`, beside its `model`; `changes` are texts in place of texts."""
    shutil.copy(EXAMPLES / model, folder)
    text = (EXAMPLES / example).read_text()
    for written, instead in (changes or {}).items():
        assert written in text, written
        text = text.replace(written, instead)
    program = Program(folder)
    program.configuration.write_text(text)
    try:
        await program.start(Surroundings(variables))
        yield program
    finally:
        program.close()


def lines(path: Path) -> list[Any]:
    """Of a file of JSON lines; none while it is not there, nor one that is not whole yet."""
    whole = path.read_text().rpartition("\n")[0] if path.exists() else ""
    return [json.loads(line) for line in whole.splitlines()]


def told(program: Program) -> list[str]:
    """The last words of the types of what jobs have told."""
    return [line["type"].rpartition(".")[2] for line in lines(program.folder / "jobs.ndjson")]


async def jobs_of(program: Program) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((await program.get("/api/v1/files"))[1])["items"]
    return found
