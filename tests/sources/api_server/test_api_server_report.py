"""How the watches of one source stand together, and what is gathered to one commit."""

from collections.abc import Sequence

import pytest

from broker.codec import make_event
from broker.errors import Forbidden, Unavailable
from broker.event import Event
from sources.api_server.batch import Batch
from sources.api_server.report import Report
from sources.source import BATCH_EVENTS_MAX, NO_RECORDS, Records
from sources.standing import Standing
from tests.sources.inside import Inside

AWAY = Unavailable("away", remedy="wait")


class Told:
    """A report on two watches, and what it told."""

    def __init__(self) -> None:
        self.notices: list[str] = []
        self.connections = 0
        self.standing = Standing(self._connected, self.notices.append)
        self.report = Report(self.standing, "https://k")
        for name in ("a", "b"):
            self.report.begin(name)

    def _connected(self) -> None:
        self.connections += 1


def test_one_watch_that_fails_is_told_and_the_other_goes_on() -> None:
    told = Told()
    told.report.established("a")

    told.report.fail("b", Forbidden("not allowed to list b"))

    assert told.standing.detail == "https://k, watching 1 of 2; b: not allowed to list b"
    assert told.notices == ["not allowed to list b"]


def test_when_all_fail_the_source_does() -> None:
    told = Told()
    told.report.fail("a", AWAY)

    with pytest.raises(Unavailable):
        told.report.fail("b", AWAY)


def test_a_cut_connection_is_noticed_once_it_lasts() -> None:
    told = Told()

    noticed = []
    for _ in range(6):
        told.report.fail("a", AWAY)
        noticed.append(len(told.notices))
    told.report.established("a")

    assert noticed == [0, 0, 0, 1, 1, 1]
    assert told.notices[-1] == "a: it is watched again"


def test_the_lag_is_of_all_lists_together() -> None:
    told = Told()

    told.report.lag("a", 500)
    told.report.lag("b", 20)
    told.report.end("a")

    assert told.standing.lag == 20


class Kept:
    """An outlet that keeps what each commit held."""

    def __init__(self, inside: Inside) -> None:
        self.standing = inside.standing
        self.commits: list[tuple[int, Records]] = []

    async def publish(self, events: Sequence[Event], records: Records = NO_RECORDS) -> None:
        self.commits.append((len(events), records))


async def test_each_commit_is_bounded_and_has_the_records_of_its_events(inside: Inside) -> None:
    kept = Kept(inside)
    event = make_event({"specversion": "1.0", "id": "a", "source": "/a", "type": "a"}, b"")
    batch = Batch(kept)  # type: ignore[arg-type]  # it publishes, and no more

    for number in range(BATCH_EVENTS_MAX + 1):
        await batch.add(event, f"{number:04}", b"")
    await batch.flush()

    assert [count for count, _ in kept.commits] == [BATCH_EVENTS_MAX, 1]
    assert list(kept.commits[1][1]) == [f"{BATCH_EVENTS_MAX:04}"]


async def test_after_an_error_of_ours_what_was_seen_is_told(inside: Inside) -> None:
    kept = Kept(inside)

    async def see_and_fail() -> None:
        async with Batch(kept) as batch:  # type: ignore[arg-type]
            await batch.note("a", b"1")
            raise AWAY

    with pytest.raises(Unavailable):
        await see_and_fail()

    assert kept.commits == [(0, {"a": b"1"})]
