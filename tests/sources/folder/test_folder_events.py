"""What happened to a file, as an event."""

from datetime import UTC, datetime

import orjson
import pytest

from sources.folder.events import file_event, happening_of, time_of
from sources.folder.listing import Seen, Told
from sources.folder.options import Happening

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SEEN = Seen(3 * 2**31, 1_772_366_400_123_456_789, 8, 9)
TOLD = Told(SEEN, "ab12")


def event_of(path: str = "in/a.csv", happening: Happening = "created", told: Told = TOLD):  # type: ignore[no-untyped-def]
    return file_event("shop/drop", path, happening, told, NOW)


def test_an_event_says_which_file_and_what_it_is_like() -> None:
    event = event_of()

    assert dict(event.attributes) == {
        "specversion": "1.0",
        "id": event.id,
        "source": "/headrace/sources/shop/drop",
        "type": "dev.headrace.folder.created",
        "subject": "in/a.csv",
        "time": "2026-03-01T12:00:00Z",
        "datacontenttype": "application/json",
        "filesize": "6442450944",
        "filemtime": "2026-03-01T12:00:00.123456Z",
        "filehash": "ab12",
    }
    assert orjson.loads(event.data) == {
        "path": "in/a.csv",
        "size": 6442450944,
        "mtime": "2026-03-01T12:00:00.123456Z",
        "hash": "ab12",
    }


def test_without_a_hash_nothing_is_said_of_it() -> None:
    event = event_of(told=Told(SEEN, ""))

    assert "filehash" not in event.attributes
    assert "hash" not in orjson.loads(event.data)


def test_the_same_happening_has_the_same_id_whenever_it_is_found() -> None:
    later = file_event("shop/drop", "in/a.csv", "created", TOLD, NOW.replace(hour=13))

    assert later.id == event_of().id


@pytest.mark.parametrize(
    "other",
    [
        {"path": "in/b.csv"},
        {"happening": "removed"},
        {"told": Told(SEEN, "cd34")},
        {"told": Told(SEEN._replace(mtime_ns=1), "ab12")},
        {"told": Told(SEEN._replace(ctime_ns=1), "ab12")},
    ],
)
def test_another_happening_has_another_id(other) -> None:  # type: ignore[no-untyped-def]
    assert event_of(**other).id != event_of().id


@pytest.mark.parametrize(
    ("before", "after", "happening"),
    [
        (None, TOLD, "created"),
        (TOLD, None, "removed"),
        (None, None, None),
        (TOLD, Told(SEEN._replace(size=1), "cd34"), "changed"),
        (TOLD, Told(SEEN._replace(mtime_ns=1), "ab12"), "changed"),
        (TOLD, Told(SEEN._replace(inode=1), "cd34"), "changed"),
        (TOLD, Told(SEEN._replace(inode=1), "ab12"), None),
        (TOLD, Told(SEEN._replace(inode=1), ""), None),
    ],
)
def test_what_became_of_a_file(
    before: Told | None, after: Told | None, happening: str | None
) -> None:
    assert happening_of(before, after) == happening


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [(0, "1970-01-01T00:00:00Z"), (-1, "1969-12-31T23:59:59.999999Z"), (2**63 - 1, "2262-04-11")],
)
def test_every_time_of_64_bits_can_be_told(nanoseconds: int, text: str) -> None:
    assert time_of(nanoseconds).startswith(text)
