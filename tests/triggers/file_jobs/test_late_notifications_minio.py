"""A notification that comes after a newer one of the same object starts nothing."""

from itertools import count
from uuid import uuid4

import orjson
import pytest

from broker.codec import make_event
from broker.event import Event
from sinks.file_batch.place import Place
from sinks.file_batch.spec import S3Access, S3Keys
from tests.servers.minio import MinioServer
from tests.triggers.file_jobs.works import NAME, Works
from triggers.file_jobs.job import State
from triggers.file_jobs.objects import Named
from triggers.file_jobs.watching import NEWEST_MAX, Newest

KEY = "in/a.csv"
PLACE = Place("s3", "b", KEY)
NOWHERE = S3Access("http://127.0.0.1:1")  # nobody listens there: who asks it fails
PUT, REMOVED = "ObjectCreated:Put", "ObjectRemoved:Delete"
numbers = count()


@pytest.fixture
def bucket(works: Works, minio: MinioServer) -> str:
    """A new one, with a file in it, which `works` may read and write."""
    name = f"late-{uuid4().hex[:8]}"
    minio.make_bucket(name)
    minio.put(name, KEY, b"x\n1\n")
    works.with_(root="", s3=S3Access(minio.url, keys=S3Keys(minio.access_key, minio.secret_key)))
    return name


def notified(*changes: tuple[str, str], bucket: str = "gone") -> Event:
    """Of the one object: (event name, sequencer) in this order."""
    records = [
        {
            "eventName": f"s3:{name}",
            "s3": {
                "bucket": {"name": bucket},
                "object": {"key": "in%2Fa.csv", "sequencer": sequencer},
            },
        }
        for name, sequencer in changes
    ]
    attributes = {"specversion": "1.0", "id": f"{next(numbers)}", "source": "/s3", "type": "s3"}
    return make_event(attributes, orjson.dumps({"Records": records}))


@pytest.mark.parametrize(
    "told",
    [
        [notified((REMOVED, "1A2")), notified((PUT, "1A1"))],
        [notified((PUT, "1A1"), (REMOVED, "1A2"))],
        [notified((REMOVED, "1A2"), (PUT, "1A1"))],
    ],
    ids=["apart", "together", "the-other-way-round"],
)
async def test_the_put_of_what_is_gone_since_is_not_looked_for(
    works: Works, told: list[Event]
) -> None:
    works.with_(root="", s3=NOWHERE)
    await works.start()

    for event in told:
        await works.publish(event)
        await works.settled()

    assert works.files.desk.skipped["late"] == 1
    assert not works.jobs
    assert not await works.dead_letters()


async def test_the_job_of_a_newer_version_stays(
    works: Works, minio: MinioServer, bucket: str
) -> None:
    await works.start()

    await works.publish(notified((PUT, "1A2"), bucket=bucket))
    await works.settled()
    minio.put(bucket, KEY, b"x\n2\n")  # its own notification is still to come
    await works.publish(notified((PUT, "1A1"), bucket=bucket))
    await works.settled()
    before = [job.state for job in works.jobs]
    await works.publish(notified((PUT, "1A3"), bucket=bucket))
    await works.settled()

    assert before == [State.COMPLETED]
    assert [job.state for job in works.jobs] == [State.COMPLETED] * 2
    assert works.files.desk.skipped["late"] == 1


async def test_a_delivery_that_waits_for_its_job_is_not_late(works: Works, bucket: str) -> None:
    works.model.gate.clear()
    await works.start()

    await works.publish(notified((PUT, "1A1"), bucket=bucket))
    await works.until(lambda: works.model.at_once == 1)
    await works.publish(notified((PUT, "1A2"), bucket=bucket))
    await works.until(lambda: len(works.jobs[0].deliveries) == 2)
    works.model.gate.set()
    await works.settled()

    assert [job.state for job in works.jobs] == [State.COMPLETED]
    assert "late" not in works.files.desk.skipped


async def test_a_redrive_is_never_late(works: Works, bucket: str) -> None:
    reached = works.spec.s3
    await works.with_(s3=None).start()
    for sequencer in ("1A1", "1A2"):
        await works.publish(notified((PUT, sequencer), bucket=bucket))
        await works.settled()
    older, newer = sorted(await works.dead_letters(), key=lambda letter: letter.place.offset)

    await works.with_(s3=reached).apply()
    assert works.partition.desk is not None
    await works.partition.desk.redrive([older.id], "ops", "the server is named")
    await works.until(lambda: [job.state for job in works.jobs] == [State.COMPLETED])
    await works.settled()

    states = {letter.id: letter.state for letter in await works.dead_letters()}
    assert states == {older.id: "delivered", newer.id: "dead"}


def test_what_was_seen_is_forgotten_at_its_bound_and_kept_while_it_is_told_of() -> None:
    newest, kept = Newest(), Named(PLACE, "2")
    newest.see(NAME, kept)
    for number in range(NEWEST_MAX - 1):
        newest.see(NAME, Named(Place("s3", "b", f"{number}"), "2"))

    newest.see(NAME, kept._replace(sequencer="1"))
    newest.see(NAME, Named(Place("s3", "b", "one more"), "2"))

    assert newest.is_late(NAME, kept._replace(sequencer="1"))
    assert not newest.is_late(NAME, Named(Place("s3", "b", "0"), "1"))


def test_triggers_and_objects_have_nothing_to_do_with_each_other() -> None:
    newest = Newest()
    newest.see(NAME, Named(PLACE, "2"))

    late = [
        newest.is_late(trigger, Named(place, sequencer))
        for trigger, place, sequencer in (
            (NAME, PLACE, "1"),
            (NAME, PLACE, "2"),
            (NAME, PLACE, ""),
            ("default/other", PLACE, "1"),
            (NAME, Place("s3", "b", "b"), "1"),
        )
    ]

    assert late == [True, False, False, False, False]
