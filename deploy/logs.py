"""Structured logs: one record a line, to stderr, that never hold up deliveries.

A thread renders and writes them from a bounded queue; when the output is blocked, records
are dropped and counted, and the deliveries go on.
"""

import queue
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

from broker.telemetry import Level

RECORDS_MAX = 10_000
VALUE_CHARACTERS_MAX = 2_000

Form = Literal["console", "json"]
Record = dict[str, Any]
Render = Callable[[Record], str]


class LogWriter:
    """Takes signals as a telemetry listener and writes them as lines, once it is begun."""

    def __init__(
        self, form: Form, stream: TextIO | None = None, records_max: int = RECORDS_MAX
    ) -> None:
        self.dropped = 0
        self._form = form
        self._stream = stream or sys.stderr
        self._queue: queue.Queue[Record | None] = queue.Queue(records_max)
        self._thread: threading.Thread | None = None

    def __call__(self, name: str, level: Level, fields: dict[str, Any]) -> None:
        """One record; dropped and counted where the queue is full."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        record = {"at": at, "level": level, "event": name, **clean(fields)}
        try:
            self._queue.put_nowait(record)
        except queue.Full:
            self.dropped += 1

    def begin(self) -> None:
        """Write what is queued and what comes; until then records wait in the queue.

        So a start is not held up by the import of what draws lines, a tenth of a second.
        """
        if self._thread is None:
            self._thread = threading.Thread(target=self._write, name="log", daemon=True)
            self._thread.start()

    def close(self, timeout_seconds: float = 1.0) -> None:
        """Write what is queued, as far as the output takes it in time."""
        self.begin()
        try:
            self._queue.put(None, timeout=timeout_seconds)
        except queue.Full:
            return
        if self._thread is not None:
            self._thread.join(timeout_seconds)

    def _write(self) -> None:
        render: Render | None = None
        while (record := self._queue.get()) is not None:
            render = render or renderer(self._form, self._stream.isatty())
            try:
                self._stream.write(render(record) + "\n")
                self._stream.flush()
            except (OSError, ValueError):
                self.dropped += 1  # nobody reads any more


def renderer(form: Form, colors: bool) -> Render:
    """A record as one line: JSON for machines, aligned for people."""
    import structlog

    if form == "json":
        draw_json = structlog.processors.JSONRenderer()
        return lambda record: str(draw_json(None, "", record))
    draw = structlog.dev.ConsoleRenderer(colors=colors, timestamp_key="at", sort_keys=False)
    return lambda record: str(draw(None, "", record))


def clean(fields: Record) -> Record:
    """Cap values and escape what could forge a second line or drive a terminal."""
    cleaned = {}
    for key, value in fields.items():
        if isinstance(value, str):
            short = value[:VALUE_CHARACTERS_MAX]
            if not short.isprintable():
                short = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in short)
            cleaned[key] = short
        else:
            cleaned[key] = value
    return cleaned
