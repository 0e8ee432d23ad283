"""Structured logs: one record a line, to stderr, that never hold up deliveries.

A thread writes them from a bounded queue; when the output is blocked, records are dropped
and counted, and the deliveries go on.
"""

import queue
import sys
import threading
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

from broker.telemetry import Level

RECORDS_MAX = 10_000
VALUE_CHARACTERS_MAX = 2_000


class LogWriter:
    """Takes signals as a telemetry listener and writes them as lines."""

    def __init__(self, form: Literal["console", "json"], stream: TextIO = sys.stderr) -> None:
        self.dropped = 0
        self._stream = stream
        self._queue: queue.Queue[str | None] = queue.Queue(RECORDS_MAX)
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._thread.start()
        renderer = (
            structlog.processors.JSONRenderer()
            if form == "json"
            else structlog.dev.ConsoleRenderer(colors=stream.isatty())
        )
        self._logger = structlog.wrap_logger(
            self,
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
                _clean,
                renderer,
            ],
        )

    def __call__(self, name: str, level: Level, fields: dict[str, Any]) -> None:
        self._logger.log({"info": 20, "warning": 30, "error": 40}[level], name, **fields)

    def log(self, level: int, line: str) -> None:
        """One rendered record; dropped and counted where the queue is full."""
        try:
            self._queue.put_nowait(line)
        except queue.Full:
            self.dropped += 1

    def info(self, line: str) -> None:
        self.log(20, line)

    def warning(self, line: str) -> None:
        self.log(30, line)

    def error(self, line: str) -> None:
        self.log(40, line)

    def close(self, timeout_seconds: float = 1.0) -> None:
        """Write what is queued, as far as the output takes it in time."""
        try:
            self._queue.put(None, timeout=timeout_seconds)
        except queue.Full:
            return
        self._thread.join(timeout_seconds)

    def _write(self) -> None:
        while (line := self._queue.get()) is not None:
            try:
                self._stream.write(line + "\n")
                self._stream.flush()
            except (OSError, ValueError):
                self.dropped += 1  # nobody reads any more


def _clean(logger: WrappedLogger, name: str, record: EventDict) -> EventDict:
    """Cap values and escape what could forge a second line or drive a terminal."""
    first = {key: record.pop(key) for key in ("at", "level", "event")}
    record = {**first, **record}
    for key, value in record.items():
        if isinstance(value, str):
            short = value[:VALUE_CHARACTERS_MAX]
            if not short.isprintable():
                short = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in short)
            record[key] = short
    return record
