import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sinks.file_writer import FileWriter


@contextmanager
def little_room() -> Iterator[None]:
    """No file of this process may pass 100 bytes: what a full disk looks like to a writer.

    Within a test only: the runner's own output may be a file too.
    """
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


def test_lines_that_did_not_fit_are_taken_back_whole(tmp_path: Path) -> None:
    writer = FileWriter(tmp_path / "out")
    writer.append([b"a" * 49 + b"\n"])

    with little_room():
        with pytest.raises(OSError, match="too large"):
            writer.append([b"b" * 79 + b"\n"])
        writer.append([b"c" * 39 + b"\n"])
    writer.close()

    assert (tmp_path / "out").read_bytes() == b"a" * 49 + b"\n" + b"c" * 39 + b"\n"


def test_numbers_of_files_put_aside_go_on_after_a_restart(tmp_path: Path) -> None:
    (tmp_path / "out.7").write_bytes(b"old\n")
    (tmp_path / "out.txt").write_bytes(b"other\n")
    writer = FileWriter(tmp_path / "out", rotate_bytes=5)

    writer.append([b"one\n"])
    writer.append([b"two\n"])
    writer.close()

    assert (tmp_path / "out.8").read_bytes() == b"one\n"
    assert (tmp_path / "out").read_bytes() == b"two\n"


def test_lines_over_the_size_of_a_file_still_go_into_one(tmp_path: Path) -> None:
    writer = FileWriter(tmp_path / "out", rotate_bytes=5)

    writer.append([b"longer than five\n"])
    writer.close()

    assert (tmp_path / "out").read_bytes() == b"longer than five\n"
    assert not (tmp_path / "out.1").exists()
