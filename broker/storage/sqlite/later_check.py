"""Looking through a large file beside the work, once it has run for a while and without haste."""

import threading
from pathlib import Path

import apsw

from broker.storage.sqlite.connection import find_corruption, open_reader
from broker.storage.sqlite.health import Health
from broker.storage.sqlite.niceness import make_nicer
from broker.storage.sqlite.options import SqliteOptions

NICENESS = 19  # only what nobody else wants
AGAIN_SECONDS = 0.1  # an interrupt before the statement has begun does nothing
PAUSES_SECONDS = (10.0, 3_600.0)  # after one that was in the way: at first, and at most


class LaterCheck:
    """A thread of its own, which ends with the check; a fault found stops the writer.

    It waits first: whoever has just started a process waits for its first answers. It reads
    one state of the file, and what is written meanwhile stays in the WAL: where that is much
    it lets go, and begins anew later.
    """

    def __init__(self, path: Path, options: SqliteOptions, health: Health) -> None:
        self._path = path
        self._options = options
        self._health = health
        self._is_closing = threading.Event()
        self._connection: apsw.Connection | None = None
        self._lock = threading.Lock()  # an interrupt must not meet a connection being closed
        health.on_held_back = self.let_go
        self._thread = threading.Thread(target=self._run, name=f"check {path.stem}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def let_go(self) -> None:
        """It is in the way. Called in the writer's thread."""
        with self._lock:
            if self._connection is not None:
                self._connection.interrupt()

    def close(self) -> None:
        """End it, wherever it is: the next open begins anew. Blocks, so not on the loop."""
        self._is_closing.set()
        while self._thread.is_alive():
            self.let_go()
            self._thread.join(AGAIN_SECONDS)

    def _run(self) -> None:
        pause_seconds = self._options.check_delay_seconds
        least_seconds, most_seconds = PAUSES_SECONDS
        while not self._is_closing.wait(pause_seconds):
            make_nicer(NICENESS)
            try:
                self._look_through()
            except apsw.InterruptError:  # closed before it was through, or in the way
                pause_seconds = min(most_seconds, max(least_seconds, 2 * pause_seconds))
                continue
            except apsw.Error as error:
                self._health.condemn(f"it cannot be checked: {error}")
            return

    def _look_through(self) -> None:
        connection = open_reader(self._path, self._options)
        with self._lock:
            self._connection = connection
        try:
            if found := find_corruption(connection):
                self._health.condemn(found)
        finally:
            with self._lock:
                self._connection = None
                connection.close(True)
