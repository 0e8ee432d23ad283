"""The wall clock of a program under test, which a test may set while it runs.

Not libfaketime: its 0.9.10 stands between Python's threads and their waits (it wraps
`pthread_cond_timedwait`, by which the interpreter's lock is handed on), and so programs that
nobody had told a wrong time stood still for seconds.
"""

import mmap
import os
import shutil
import struct
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.faults.process import ROOT, Surroundings

SOURCE = ROOT / "tests" / "faults" / "wall_clock.c"


def compile_clock(folder: Path) -> Path:
    """Skips the test where it cannot be, unless HEADRACE_REQUIRE_SERVERS makes that an error."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        what = "a C compiler is needed to move a program's clock"
        if os.environ.get("HEADRACE_REQUIRE_SERVERS"):
            pytest.fail(what)
        pytest.skip(what)
    made = folder / "wall_clock.so"
    command = [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-o", str(made), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True)
    return made


class WallClock:
    """Start programs into its `surroundings`: the time they are told is ours until `set_to`."""

    def __init__(self, folder: Path, library: Path) -> None:
        path = folder / "leap"
        path.write_bytes(bytes(8))
        with path.open("r+b") as file:
            self._leap = mmap.mmap(file.fileno(), 8)
        self.surroundings = Surroundings({"LD_PRELOAD": str(library), "WALL_CLOCK_FILE": str(path)})

    def set_to(self, moment: datetime) -> None:
        """From there it goes on as ours does. Counts at once."""
        leap = (moment - datetime.now(UTC)) // timedelta(microseconds=1) * 1000
        self._leap[:] = struct.pack("=q", leap)

    def close(self) -> None:
        self._leap.close()
