"""A broker under test as a user starts it: a process with a data folder, a URL and a log."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.bench.configuration import BROKER_PATH, PlannedTrigger, write_configuration
from tests.servers.ports import free_ports

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 30.0


class BenchFailed(Exception):
    """The bench cannot go on; the text says where and what to do about it."""


def free_port() -> int:
    """A port of the loopback that nobody listens on, and that no other program is given."""
    return free_ports(1)[0]


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def pinned_to(cores: str | None) -> list[str]:
    """What stands before a command."""
    return [] if cores is None else ["taskset", "-c", cores]


class Program:
    """One broker process. `cores` as taskset reads them; None leaves it where its parent runs."""

    def __init__(
        self,
        command: Sequence[str],
        port: int,
        log: Path,
        cores: str | None = None,
        variables: Mapping[str, str] | None = None,
        admin_port: int | None = None,
    ) -> None:
        self.command = [*pinned_to(cores), *command]
        self.port = port
        self.admin_port = admin_port
        self.url = f"http://127.0.0.1:{port}{BROKER_PATH}"
        self._log = log
        self._variables = dict(variables or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, "start() comes first"
        return self._process.pid

    def spawn(self) -> None:
        """Start the process and return at once."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env={**os.environ, **self._variables},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def start(self) -> None:
        """Start the process; returns once its port answers. Raises BenchFailed if it ends."""
        self.spawn()
        deadline = time.monotonic() + READY_SECONDS_MAX
        while not is_listening(self.port):
            self.check_alive()
            if time.monotonic() > deadline:
                self.kill()
                raise BenchFailed(f"no port after {READY_SECONDS_MAX:.0f} s: {self.last_words()}")
            time.sleep(0.005)

    def check_alive(self) -> None:
        """Raises BenchFailed with the end of its log if the process is gone."""
        if self._process is not None and self._process.poll() is not None:
            raise BenchFailed(f"it ended with {self._process.returncode}: {self.last_words()}")

    def stop(self) -> None:
        """Ask it to drain and end; kill it if it does not."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def last_words(self) -> str:
        """Its command and the end of its log."""
        lines = self._log.read_text(errors="replace").splitlines()[-15:]
        return f"{' '.join(self.command)}\n" + "\n".join(lines)


def headrace(
    folder: Path,
    triggers: Sequence[PlannedTrigger],
    cores: str | None = None,
    variables: Mapping[str, str] | None = None,
    python: str = sys.executable,
) -> Program:
    """headrace with an empty store in `folder`; nothing is started yet."""
    configuration = folder / "headrace.yaml"
    write_configuration(configuration, triggers)
    port, admin_port = free_port(), free_port()
    command = [
        python, "-m", "deploy", "up", str(configuration), "--data", str(folder / "data"),
        "--listen", f"127.0.0.1:{port}", "--admin", f"127.0.0.1:{admin_port}",
    ]  # fmt: skip
    return Program(command, port, folder / "program.log", cores, variables, admin_port)


def reference(
    folder: Path,
    triggers: Sequence[PlannedTrigger],
    cores: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> Program:
    """The naive reference, wired alike."""
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.reference", str(port), str(folder / "events.db")]
    command += [part for trigger in triggers for part in (trigger.selects, trigger.uri)]
    return Program(command, port, folder / "program.log", cores, variables)
