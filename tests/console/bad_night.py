"""The morning after deploy/examples/broken_morning.py: the real program and the real script."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.examples.broken_morning import PORT
from tests.faults.process import ROOT, Program, until
from tests.servers.ports import free_ports

EXAMPLES = ROOT / "deploy" / "examples"
SCRIPT = EXAMPLES / "broken_morning.py"
STEP_SECONDS_MAX = 300.0
END_SECONDS_MAX = 60.0
SEED = 1


@dataclass
class Morning:
    """`told` is what the script printed before somebody looks."""

    url: str
    port: int
    program: Program
    told: str
    scores: Path

    async def mend(self) -> str:
        """The model, as the script says that one does."""
        command = [sys.executable, str(SCRIPT), "--mend", "--port", str(self.port)]
        done = await asyncio.to_thread(
            subprocess.run, command, capture_output=True, text=True, timeout=STEP_SECONDS_MAX
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@asynccontextmanager
async def bad_night(folder: Path, events: int, seed: int = SEED) -> AsyncIterator[Morning]:
    """Gives the morning, when all that the model fails at is dead."""
    print(f"seed {seed}")
    program = Program(folder)
    port = free_ports(1)[0]
    text = (EXAMPLES / "broken-morning.yaml").read_text()
    program.configuration.write_text(text.replace(f":{PORT}/", f":{port}/"))
    try:
        await program.start()
        assert program.ingress is not None
        assert program.admin is not None
        url, ingress = ("http://{}:{}".format(*at) for at in (program.admin, program.ingress))
        words = [
            "--to", f"{ingress}/default/default", "--admin", url, "--port", str(port),
            "--events", str(events), "--seed", str(seed),
        ]  # fmt: skip
        async with _running(folder / "told.txt", words) as told:
            yield Morning(url, port, program, told, folder / "scored.ndjson")
    finally:
        program.close()


@asynccontextmanager
async def _running(output: Path, words: list[str]) -> AsyncIterator[str]:
    """The script until its night is over, then what it told; ended as by Ctrl-C."""
    with output.open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT), *words],
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
        )
    try:
        await until(
            lambda: "Ctrl-C" in output.read_text() or process.poll() is not None,
            "the night is over",
            STEP_SECONDS_MAX,
        )
        assert process.poll() is None, output.read_text()
        yield output.read_text()
        process.terminate()
        code = await asyncio.to_thread(process.wait, END_SECONDS_MAX)
        assert code == 0, output.read_text()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
