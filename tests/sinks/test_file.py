import asyncio
import os
import stat
import time
from pathlib import Path

import pytest

from broker.clock import SteadyClock
from broker.codec import decode_structured
from broker.delivery import Delivered, Failed, OutcomeClass
from broker.errors import Unavailable
from sinks.file import FileSink
from sinks.spec import FileSinkSpec
from tests.sinks.making import a_delivery, an_event


def soon() -> float:
    return time.monotonic() + 60.0


def sink_at(path: Path, rotate_bytes: int | None = None) -> FileSink:
    return FileSink(FileSinkSpec("default/out", str(path), rotate_bytes), SteadyClock())


def ids(path: Path) -> list[str]:
    return [decode_structured(line).id for line in path.read_bytes().splitlines()]


async def test_each_event_is_one_line_of_cloudevents_json(tmp_path: Path) -> None:
    sink = sink_at(tmp_path / "new" / "out.ndjson")
    pretty = an_event(b'{\n  "a": 1\r\n}')

    outcomes = await sink.deliver([a_delivery(pretty), a_delivery(number=2)], soon())
    await sink.close()

    lines = (tmp_path / "new" / "out.ndjson").read_bytes().splitlines()
    assert all(isinstance(outcome, Delivered) for outcome in outcomes)
    assert [decode_structured(line).id for line in lines] == ["e-1", "e-2"]
    assert stat.S_IMODE((tmp_path / "new" / "out.ndjson").stat().st_mode) == 0o600


async def test_deliveries_side_by_side_all_arrive(tmp_path: Path) -> None:
    sink = sink_at(tmp_path / "out")

    await asyncio.gather(*(sink.deliver([a_delivery(number=n)], soon()) for n in range(1, 101)))
    await sink.close()

    assert sorted(ids(tmp_path / "out")) == sorted(f"e-{n}" for n in range(1, 101))


@pytest.mark.parametrize("torn", [b'{"id', b"x" * 200_000])
async def test_a_torn_last_line_is_cut_when_the_file_is_opened(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "out"
    first = sink_at(path)
    await first.deliver([a_delivery(number=1)], soon())
    await first.close()
    with path.open("ab") as file:
        file.write(torn)

    second = sink_at(path)
    await second.deliver([a_delivery(number=2)], soon())
    await second.close()

    assert ids(path) == ["e-1", "e-2"]


async def test_a_file_that_is_only_a_torn_line_begins_anew(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"torn")
    sink = sink_at(tmp_path / "out")

    await sink.deliver([a_delivery()], soon())
    await sink.close()

    assert ids(tmp_path / "out") == ["e-1"]


async def test_a_full_file_is_put_aside_under_the_next_number(tmp_path: Path) -> None:
    sink = sink_at(tmp_path / "out", rotate_bytes=200)

    for number in (1, 2, 3):
        await sink.deliver([a_delivery(number=number)], soon())
    await sink.close()

    assert ids(tmp_path / "out.1") == ["e-1"]
    assert ids(tmp_path / "out.2") == ["e-2"]
    assert ids(tmp_path / "out") == ["e-3"]


async def test_a_file_that_another_tool_moved_is_made_again(tmp_path: Path) -> None:
    sink = sink_at(tmp_path / "out")
    await sink.deliver([a_delivery(number=1)], soon())

    (tmp_path / "out").replace(tmp_path / "moved")
    await sink.deliver([a_delivery(number=2)], soon())
    await sink.close()

    assert ids(tmp_path / "moved") == ["e-1"]
    assert ids(tmp_path / "out") == ["e-2"]


async def test_a_folder_that_cannot_be_made_is_an_outcome_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    sink = sink_at(tmp_path / "file" / "out")

    with pytest.raises(Unavailable, match="cannot be written"):
        await sink.open()
    (outcome,) = await sink.deliver([a_delivery()], soon())
    await sink.close()

    assert isinstance(outcome, Failed)
    assert outcome.outcome_class is OutcomeClass.TRANSIENT
    assert "File exists" in outcome.message


async def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    sink = sink_at(tmp_path / "pipe")

    (outcome,) = await sink.deliver([a_delivery()], soon())
    await sink.close()

    assert isinstance(outcome, Failed)
    assert "not a regular file" in outcome.message


async def test_a_deadline_in_the_past_is_an_outcome(tmp_path: Path) -> None:
    sink = sink_at(tmp_path / "out")

    (outcome,) = await sink.deliver([a_delivery()], time.monotonic() - 1.0)
    await sink.close()

    assert isinstance(outcome, Failed)
    assert outcome.evidence.phase == "timeout"
