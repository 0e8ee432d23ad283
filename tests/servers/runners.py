"""How a real server is run: as a process of our own, or by somebody else."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import pytest

from tests.servers.frozen import is_stopped
from tests.servers.waiting import until

END_SECONDS_MAX = 10.0
TAIL_LINES = 30


class Runner(Protocol):
    """What may happen to one server's process; nothing here waits until it serves."""

    def spawn(self, command: Sequence[str], environment: Mapping[str, str]) -> None: ...

    def kill(self) -> None:
        """End it as a power cut would; nothing if it has ended already."""

    def terminate(self) -> None:
        """Ask it to end, and kill it if it has not after ten seconds."""

    def freeze(self) -> None: ...

    def thaw(self) -> None: ...

    def is_running(self) -> bool: ...

    def said(self) -> str:
        """What it has written since the last spawn."""


class NativeRunner:
    """A process in a group of its own, which ends with this one however this one ends."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._said_from = 0
        # Linux counts the thread that spawned as the parent whose death is awaited, so one
        # thread that lives as long as this object spawns all: a test's worker thread may end.
        self._spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"spawns-{log.stem}")

    @property
    def pid(self) -> int:
        assert self._process is not None, "start() comes first"
        return self._process.pid

    def spawn(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._said_from = self.log.stat().st_size if self.log.exists() else 0
        self._process = self._spawner.submit(self._popen, command, environment).result()

    def _popen(
        self, command: Sequence[str], environment: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        setpriv = shutil.which("setpriv")  # not on every system; there kill() alone must do
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*([setpriv, "--pdeathsig", "KILL"] if setpriv else []), *command],
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # an interrupt at the terminal is for the tests alone
            )

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def terminate(self) -> None:
        if self._process is None:
            return
        self.thaw()  # a frozen process would not hear it
        self._process.terminate()
        try:
            self._process.wait(END_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.kill()

    def freeze(self) -> None:
        if (process := self._process) is not None:
            process.send_signal(signal.SIGSTOP)
            until(lambda: is_stopped(process.pid))

    def thaw(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def said(self) -> str:
        with self.log.open("rb") as log:
            log.seek(self._said_from)
            return log.read().decode(errors="replace")


class GivenRunner:
    """A server that the environment names: a test that must end it is skipped in one line."""

    def __init__(self, variable: str) -> None:
        self._reason = f"the server in {variable} is not ours to start, end or freeze"

    def spawn(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        pytest.skip(self._reason)

    def kill(self) -> None:
        pytest.skip(self._reason)

    def terminate(self) -> None:
        pytest.skip(self._reason)

    def freeze(self) -> None:
        pytest.skip(self._reason)

    def thaw(self) -> None:
        pytest.skip(self._reason)

    def is_running(self) -> bool:
        return True

    def said(self) -> str:
        return self._reason


def tail(text: str) -> str:
    """The last lines, for a message."""
    return "\n".join(text.splitlines()[-TAIL_LINES:])
