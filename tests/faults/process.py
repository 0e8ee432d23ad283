"""The program under test as a user runs it: a process with a data folder, ports and an end."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS_MAX = 60.0
END_SECONDS_MAX = 60.0
POLL_SECONDS = 0.005
TURNS = 10  # of a loop: a connection that waits is taken, attached, and read
UP = ("-m", "deploy", "up")
SMALL = ("-m", "tests.faults.small_bounds")  # the same, with bounds that no flag sets
DIED = -signal.SIGKILL
FAILED = 1
FAILPOINT = 137
ALL_QUIET = ("backlog", "in_flight", "parked", "waiting")  # of a trigger with nothing to do


class DiedEarly(Exception):
    """The program ended before it was ready; `code` is its exit status."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(f"it ended with {code}: {words}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a process is started into, beside its configuration."""

    variables: Mapping[str, str] | None = None
    by: Sequence[str] = ()  # a program that changes itself, then becomes ours: the pid stays
    stderr: int | None = None  # a descriptor; None is the log file


async def until(reached: Callable[[], bool], what: str, seconds: float = END_SECONDS_MAX) -> float:
    """Poll until it is so; gives how long that took."""
    began = time.monotonic()
    while not reached():
        assert time.monotonic() - began < seconds, f"not within {seconds:g} s: {what}"
        await asyncio.sleep(POLL_SECONDS)
    return time.monotonic() - began


class Program:
    """One data folder and whatever process owns it now; started again as often as one likes.

    `generation` counts the processes; `ends` is, by generation, when each had ended and how.
    """

    def __init__(self, folder: Path, command: Sequence[str] = UP, data: Path | None = None) -> None:
        self.folder = folder
        self.data = data or folder / "data"
        self.configuration = folder / "headrace.yaml"
        self.generation = 0
        self.ends: dict[int, tuple[float, int]] = {}
        self.ingress: tuple[str, int] | None = None
        self.admin: tuple[str, int] | None = None
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._spawned_at = 0.0
        self._printed = folder / "printed.txt"
        self.log = folder / "program.log"

    def beside(self) -> "Program":
        """Another process for the same configuration and data folder; not started yet."""
        folder = self.folder / "beside"
        folder.mkdir()
        other = Program(folder, self._command, self.data)
        other.configuration = self.configuration
        return other

    @property
    def store(self) -> Path:
        return self.data / "default" / "default.db"

    @property
    def pid(self) -> int:
        assert self._process is not None, "start() comes first"
        return self._process.pid

    def spawn(self, surroundings: Surroundings | None = None) -> None:
        """Start a process and return at once."""
        around = surroundings or Surroundings()
        self.generation += 1
        self._spawned_at = time.monotonic()
        with self.log.open("ab") as log, self._printed.open("wb") as printed:
            self._process = subprocess.Popen(
                [
                    *around.by, sys.executable, *self._command, str(self.configuration),
                    "--data", str(self.data),
                    "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
                ],
                cwd=ROOT,
                env={**os.environ, **(around.variables or {})},
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=log if around.stderr is None else around.stderr,
            )  # fmt: skip

    async def start(self, surroundings: Surroundings | None = None) -> float:
        """Start a process and wait until it says that it is ready; gives the seconds it took.

        Raises DiedEarly.
        """
        self.spawn(surroundings)
        return await self.ready()

    async def ready(self) -> float:
        await until(self._has_spoken, "the program listens", READY_SECONDS_MAX)
        while (await self.get("/readyz"))[0] != 200:
            self._check_alive()
            await asyncio.sleep(POLL_SECONDS)
        return time.monotonic() - self._spawned_at

    def _has_spoken(self) -> bool:
        self._check_alive()
        return self.admin is not None

    def _listen(self) -> None:
        """Learn the addresses as soon as the process prints them."""
        lines = self._printed.read_text().splitlines()
        words = dict(line.split(maxsplit=1) for line in lines if line)
        if "admin" in words:  # the last word, after the ingress
            self.ingress, self.admin = _address(words["ingress"]), _address(words["admin"])

    def _check_alive(self) -> None:
        if self.poll() is not None:
            raise DiedEarly(self.ends[self.generation][1], self.last_words())

    def poll(self) -> int | None:
        """The exit status, None while it runs."""
        assert self._process is not None, "start() comes first"
        code = self._process.poll()
        if code is None and self.admin is None:
            self._listen()
        elif code is not None and self.generation not in self.ends:
            self.ends[self.generation] = (time.monotonic(), code)
            self.ingress = self.admin = None
        return code

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None, "start() comes first"
        self._process.send_signal(number)

    async def end(self, seconds: float = END_SECONDS_MAX) -> int:
        """Wait until it has ended by itself; gives its exit status."""
        await until(lambda: self.poll() is not None, f"pid {self.pid} ends", seconds)
        for _ in range(TURNS):  # what the dead process wrote is read before the next one writes
            await asyncio.sleep(0)
        return self.ends[self.generation][1]

    async def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        await self.end()

    async def terminate(self) -> int:
        """SIGTERM, and wait until it has drained; gives its exit status."""
        self.signal(signal.SIGTERM)
        return await self.end()

    def verify(self) -> tuple[int, str]:
        """What `headrace verify` says of the data folder, which no process owns: (exit, text)."""
        command = [sys.executable, "-m", "deploy", "verify", "--data", str(self.data)]
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=END_SECONDS_MAX
        )
        return done.returncode, done.stdout + done.stderr

    def close(self) -> None:
        """Leave no process behind, whatever the test came to."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        for reserve in self.data.glob("*/*.reserve"):
            reserve.unlink()

    def last_words(self) -> str:
        """The end of its log, for messages."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-12:])

    async def get(self, path: str) -> tuple[int, bytes]:
        """Ask the admin listener; (0, b"") where it does not answer, or dies while it does."""
        if self.admin is None:
            return 0, b""
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        try:
            reader, writer = await asyncio.open_connection(*self.admin)
            writer.write(request.encode())
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            writer.close()
        except OSError:
            return 0, b""
        size = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        is_whole = bool(head) and (size is None or len(body) == int(size[1]))
        return (int(head.split(b" ", 2)[1]), body) if is_whole else (0, b"")

    async def dead_letters(self, trigger: str, seconds: float = END_SECONDS_MAX) -> int:
        """How many `trigger` has, once it has any."""
        deadline = time.monotonic() + seconds
        while True:
            dead = int((await self.triggers()).get(trigger, {}).get("dead", 0))
            if dead or time.monotonic() > deadline:
                return dead
            await asyncio.sleep(POLL_SECONDS)

    async def triggers(self) -> dict[str, dict[str, Any]]:
        """The listing of all triggers by name, without their namespace; {} if it is not told."""
        status, body = await self.get("/api/v1/triggers")
        items = json.loads(body)["items"] if status == 200 else []
        return {item["name"].partition("/")[2]: item for item in items}

    async def settled(self, seconds: float = END_SECONDS_MAX) -> None:
        """Wait until no trigger has anything left to do."""
        deadline = time.monotonic() + seconds
        while not is_quiet(listing := await self.triggers()):
            self._check_alive()
            assert time.monotonic() < deadline, f"not settled in {seconds:g} s: {listing}"
            await asyncio.sleep(10 * POLL_SECONDS)


def is_quiet(listing: Mapping[str, Mapping[str, object]]) -> bool:
    """Whether these triggers, as `Program.triggers` gives them, are known and idle."""
    return bool(listing) and not any(
        lane[field] for lane in listing.values() for field in ALL_QUIET
    )


def _address(url: str) -> tuple[str, int]:
    host, _, port = url.strip().removeprefix("http://").rpartition(":")
    return host, int(port)
