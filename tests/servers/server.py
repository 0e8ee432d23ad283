"""A real server as tests hold it: started, killed, frozen and ended by its own handle."""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

from tests.servers.runners import GivenRunner, Runner, tail

READY_SECONDS_MAX = 90.0  # a machine with two busy cores takes twenty
POLL_SECONDS = 0.02


class ServerFailed(Exception):
    """A server did not come up; says where it should listen and the end of its log."""


class Server(ABC):
    """One server on ports that stay the same over all its lives.

    Every method returns when it is done, so a test that must go on meanwhile calls it by
    `asyncio.to_thread`. `with server:` starts it and ends it.
    """

    name: ClassVar[str]

    def __init__(self, runner: Runner) -> None:
        self.runner = runner

    @abstractmethod
    def command(self) -> Sequence[str]:
        """The words that start it; whatever files they name are there."""

    def environment(self) -> Mapping[str, str]:
        """Its variables, beside those of this process."""
        return {}

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether it serves now."""

    @property
    def is_given(self) -> bool:
        """Whether it runs elsewhere, so that a test cannot end it."""
        return isinstance(self.runner, GivenRunner)

    def start(self) -> None:
        """Run it and wait until it serves; raises ServerFailed."""
        self.runner.spawn(self.command(), self.environment())
        deadline = time.monotonic() + READY_SECONDS_MAX
        while not (ready := self.is_ready()) and time.monotonic() < deadline:
            if not self.runner.is_running():
                break
            time.sleep(POLL_SECONDS)
        if not ready:
            words = tail(self.runner.said())
            self.kill()
            raise ServerFailed(f"{self.name} did not start as {self.command()}:\n{words}")

    def kill(self) -> None:
        """End it as a power cut would (SIGKILL)."""
        self.runner.kill()

    def stop(self) -> None:
        """End it in order (SIGTERM), by force after ten seconds."""
        self.runner.terminate()

    def restart(self) -> None:
        """Kill it and start it again, with its data and on its ports."""
        self.kill()
        self.start()

    def freeze(self) -> None:
        """Hold its process (SIGSTOP): it accepts connections and answers nothing."""
        self.runner.freeze()

    def thaw(self) -> None:
        self.runner.thaw()

    def mend(self) -> None:
        """Bring it back to running, whatever the test before left behind."""
        if self.is_given:
            return
        if self.runner.is_running():
            self.thaw()
            if self.is_ready():
                return
        self.restart()

    def close(self) -> None:
        """Leave nothing running."""
        if not self.is_given:
            self.kill()

    def __enter__(self) -> Self:
        if not self.is_given:
            self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
