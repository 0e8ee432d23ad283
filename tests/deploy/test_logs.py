"""Logs: one record a line, whatever is in it; an output that nobody reads holds up nobody."""

import errno
import io
import json
import os
import threading
import time
from typing import Any

import pytest

from deploy.logs import VALUE_CHARACTERS_MAX, LogWriter, clean

SECONDS_MAX = 30.0


def written(*records: dict[str, Any], form: str = "json") -> list[str]:
    stream = io.StringIO()
    writer = LogWriter("json" if form == "json" else "console", stream)
    for fields in records:
        writer("delivery.dead", "warning", fields)
    writer.close(SECONDS_MAX)
    return stream.getvalue().splitlines()


def test_a_record_is_a_line_with_its_name_level_and_time() -> None:
    (line,) = written({"trigger": "default/t", "count": 3})

    record = json.loads(line)
    assert (record["event"], record["level"]) == ("delivery.dead", "warning")
    assert (record["trigger"], record["count"]) == ("default/t", 3)
    assert record["at"].endswith("Z")


@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize(
    "evil",
    ["a\nb", "a\r\nlevel=error", "\x1b[2J\x1b[31mred", "\x00\x07\x7f", "\u2028x\u202e", "\x85"],
)
def test_no_value_can_make_a_second_line_or_drive_a_terminal(form: str, evil: str) -> None:
    lines = written({"message": f"before {evil} after"}, form=form)

    assert len(lines) == 1
    assert lines[0].isprintable()
    assert "before" in lines[0]
    assert "after" in lines[0]


def test_what_is_readable_stays_as_it_is() -> None:
    assert clean({"message": "größe 漢字 'x' \\n", "count": 3}) == {
        "message": "größe 漢字 'x' \\n",
        "count": 3,
    }


def test_a_value_is_capped() -> None:
    (line,) = written({"message": "x" * 1_000_000})

    assert len(json.loads(line)["message"]) == VALUE_CHARACTERS_MAX


def test_an_output_that_nobody_reads_drops_and_counts_and_never_blocks() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream, os.fdopen(reading, "rb") as reader:
        writer = LogWriter("json", stream, records_max=100)
        began, given = time.monotonic(), 3000
        for number in range(given):
            writer("delivery.dead", "warning", {"message": "x" * 1000, "number": number})
        seconds = time.monotonic() - began

        dropped = writer.dropped
        closing = threading.Thread(target=writer.close, args=(SECONDS_MAX,))
        closing.start()
        lines = [reader.readline() for _ in range(given - dropped)]
        closing.join()

    assert seconds < 20.0, "a blocked write would take for ever"
    assert 0 < dropped < given
    assert all(json.loads(line)["event"] == "delivery.dead" for line in lines)


class Gone(io.StringIO):
    """A pipe whose reader has left."""

    def write(self, text: str) -> int:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")


def test_an_output_that_is_gone_is_counted() -> None:
    writer = LogWriter("json", Gone())

    writer("delivery.dead", "warning", {})
    writer.close(SECONDS_MAX)

    assert writer.dropped == 1


def test_a_close_waits_no_longer_than_it_is_told() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream, os.fdopen(reading, "rb") as reader:
        writer = LogWriter("json", stream, records_max=10)
        for _ in range(1000):
            writer("delivery.dead", "warning", {"message": "x" * 1000})

        began = time.monotonic()
        writer.close(0.1)
        seconds = time.monotonic() - began
        os.set_blocking(reading, False)
        drain(reader, writer)

    assert seconds < 20.0


def drain(reader: Any, writer: LogWriter) -> None:
    """Let the writer's thread come to its end."""
    ending = threading.Thread(target=writer.close, args=(SECONDS_MAX,))
    ending.start()
    while ending.is_alive():
        reader.read(65536)
        ending.join(0.01)
