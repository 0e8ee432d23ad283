"""A native server that has children of its own: what happens to it happens to all of them."""

import os
import signal
import time

from tests.servers.frozen import are_stopped
from tests.servers.runners import END_SECONDS_MAX, NativeRunner
from tests.servers.waiting import until

POLL_SECONDS = 0.02
PROBE = 0  # the signal that only asks whether there is somebody


class GroupRunner(NativeRunner):
    """As NativeRunner, for the whole group of its process.

    MLServer and pytriton leave children behind when they are killed, which hold their ports
    and keep clients waiting for half a minute.
    """

    def kill(self) -> None:
        self._signal(signal.SIGKILL)
        super().kill()
        self._process = None  # its number may be given to somebody else now

    def terminate(self) -> None:
        super().terminate()
        deadline = time.monotonic() + END_SECONDS_MAX
        while self._signal(PROBE) and time.monotonic() < deadline:  # what it has left behind
            time.sleep(POLL_SECONDS)
        self.kill()

    def freeze(self) -> None:
        if self._signal(signal.SIGSTOP):
            until(lambda: are_stopped(self.pid))

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> bool:
        """To all that live; whether there is one."""
        if self._process is None:
            return False
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return False
        return True
