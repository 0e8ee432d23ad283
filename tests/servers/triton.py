"""A real Triton: V2 in JSON and binary, with a queue that refuses and batches of its own."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from tests.servers.cache import Missing
from tests.servers.models import CSV, ModelServer, installed

PYTHON = "/usr/bin/python3.11"
PYTHON_VERSION = "Python 3.11.2"  # its programs hold this interpreter, which no other replaces


class Triton(ModelServer):
    """`sleeping` stays once it is awake, to the next start: it is a model that is added late."""

    name: ClassVar[str] = "triton"
    version: ClassVar[str] = "2.51.0"
    ports: ClassVar[int] = 2

    @property
    def probe(self) -> str:
        return f"/v2/models/{self.model}/ready"

    def command(self) -> Sequence[str]:
        words = [self.program(), str(self.recipe / "server.py"), str(CSV), str(self.awake)]
        return [*words, *map(str, self._ports)]

    def kill(self) -> None:
        with self._cleared():
            super().kill()

    def stop(self) -> None:
        """By force in the end: alone it takes half a minute, and answers nothing meanwhile."""
        with self._cleared():
            super().stop()

    @contextmanager
    def _cleared(self) -> Iterator[None]:
        left = self._leavings(self._group.pid) if self._group.is_running() else []
        yield
        for path in left:
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(True)

    def _leavings(self, pid: int) -> list[Path]:
        """What it leaves outside its own folder when it is killed: up to 20 MB of memory."""
        mapped = set(re.findall(r"/dev/shm/psm_\w+", Path(f"/proc/{pid}/maps").read_text()))
        models = Path("/tmp").glob("folder??????/config.pbtxt")  # whatever TMPDIR says
        return [
            *map(Path, mapped),
            *Path("/dev/shm").glob(f"pytrtion{pid}-*"),
            *(path.parent for path in models if _says(path, str(self._scratch))),
        ]


def _says(path: Path, text: str) -> bool:
    try:
        return text in path.read_text()
    except OSError:  # somebody else's, gone by now or not for us
        return False


def why_not_here() -> str | None:
    """Why Triton cannot run on this machine; None where it can."""
    try:
        told = subprocess.run([PYTHON, "-V"], capture_output=True, text=True).stdout.strip()
    except OSError:
        told = "none"
    return None if told == PYTHON_VERSION else f"{PYTHON} is {told}, and not {PYTHON_VERSION}"


def find_triton(folder: Path) -> Triton:
    """Not started; raises Missing."""
    if reason := why_not_here():
        remedy = "another machine, such as Debian 12"
        raise Missing("triton", reason, remedy, is_required=False)
    return Triton(folder, installed(Triton))
