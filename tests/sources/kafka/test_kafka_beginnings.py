"""Where a source begins and goes on, while topics come, grow, lose records and are made anew."""

import asyncio
import time
from datetime import UTC, datetime

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.structs import OffsetAndMetadata

from broker.errors import Invalid
from tests.sources.inside import DEADLINE_SECONDS
from tests.sources.kafka.reading import Reading


async def committed(reading: Reading) -> int | None:
    """What Kafka keeps of the group, as its tools show it."""
    admin = AIOKafkaAdminClient(bootstrap_servers=reading.kafka.bootstrap)
    await admin.start()
    try:
        found = await admin.list_consumer_group_offsets(reading.options.group)
        kept: OffsetAndMetadata | None = found.get(TopicPartition(reading.topic, 0))
    finally:
        await admin.close()
    return kept and kept.offset


async def until_committed(reading: Reading, offset: int) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while await committed(reading) != offset:
            await asyncio.sleep(0.02)


async def test_latest_begins_behind_what_is_there_and_stays_there_over_a_crash(
    reading: Reading,
) -> None:
    await reading.create()
    reading.change(beginning="latest")
    await reading.produce([b"old"])
    await reading.begin()
    await reading.until_at(1)

    await reading.inside.crash()
    await reading.produce([b"while nobody looked"])
    await reading.begin()

    assert await reading.data(1) == [b"while nobody looked"]


async def test_a_time_begins_at_the_first_record_from_then_on(reading: Reading) -> None:
    await reading.create()
    first = int(time.time()) - 60  # not long ago: Kafka's retention deletes what is old by its time
    async with reading.producer() as producer:
        for second in range(5):
            at = (first + second) * 1000
            await producer.send_and_wait(reading.topic, b"%d" % second, timestamp_ms=at)
    reading.change(beginning=datetime.fromtimestamp(first + 3, UTC))

    await reading.begin()

    assert await reading.data(2) == [b"3", b"4"]


async def test_new_partitions_are_read_from_their_first_record(reading: Reading) -> None:
    await reading.create()
    reading.change(beginning="latest", refresh_seconds=1.0)
    await reading.begin()
    await reading.until_at(0)

    await reading.add_partitions(3)
    await reading.produce([b"on the new one"], partition=2)

    assert await reading.data(1) == [b"on the new one"]


async def test_topics_that_match_later_are_read_from_their_first_record(reading: Reading) -> None:
    reading.change(topics=(), topic_pattern=f"{reading.topic}.*", beginning="latest")
    await reading.begin()
    await reading.inside.until(lambda: bool(reading.inside.notices))
    later = f"{reading.topic}-later"

    await reading.kafka.create_topic(later)
    await reading.produce([b"first"], topic=later)

    (event,) = await reading.stored(1)
    assert event.data == b"first"
    assert event.source.endswith(f"#{later}")
    assert "no topic matches" in reading.inside.notices[0]


async def test_records_that_were_deleted_unread_are_told_and_the_rest_is_read(
    reading: Reading,
) -> None:
    await reading.create()
    await reading.produce([b"0", b"1"])
    await reading.begin()
    await reading.stored(2)
    await reading.inside.stop()

    await reading.produce([b"%d" % number for number in range(2, 10)])
    await reading.kafka.delete_records(reading.topic, 0, 7)
    await reading.begin()

    stored = await reading.stored(6)
    (told,) = await reading.refused()
    assert [event.data for event in stored[3:]] == [b"7", b"8", b"9"]
    assert (told["code"], told["next"]) == ("offsets-lost", 7)
    assert told["refused"] == f"{reading.topic} partition:0/offset:2-6"


async def test_a_topic_made_anew_is_read_from_its_first_record_under_other_ids(
    reading: Reading,
) -> None:
    await reading.create()
    await reading.produce([b"old 0", b"old 1"])
    await reading.begin()
    await reading.stored(2)

    await reading.kafka.delete_topic(reading.topic)
    await reading.inside.until(lambda: any("is gone" in one for one in reading.inside.notices))
    with pytest.raises(Invalid):
        await reading.inside.until(lambda: False)
    await reading.create()
    await reading.produce([b"new 0", b"new 1", b"new 2"])
    await reading.begin()

    stored = await reading.stored(6)
    (told,) = await reading.refused()
    assert [event.data for event in stored[3:]] == [b"new 0", b"new 1", b"new 2"]
    assert len({event.id for event in stored}) == 6
    assert stored[3].id.startswith("partition:0/offset:0/topic:")
    assert (told["code"], told["next"]) == ("topic-remade", {"0": 2})


async def test_one_of_two_topics_may_go_while_the_other_is_read(reading: Reading) -> None:
    other = f"{reading.topic}-other"
    await reading.create()
    await reading.kafka.create_topic(other)
    reading.change(topics=(reading.topic, other))
    await reading.begin()

    await reading.kafka.delete_topic(other)
    await reading.inside.until(lambda: bool(reading.inside.notices))
    await reading.produce([b"still read"])

    assert await reading.data(1) == [b"still read"]
    assert reading.inside.notices == [f"topic {other} is gone; if it comes back it is read again"]


async def test_the_group_follows_for_other_peoples_tools(reading: Reading) -> None:
    await reading.create()
    await reading.produce([b"0", b"1", b"2"])
    await reading.begin()

    await until_committed(reading, 3)

    assert reading.inside.notices == []


async def test_a_group_that_others_move_is_told_once_and_changes_nothing(reading: Reading) -> None:
    await reading.create()
    await reading.produce([b"0", b"1", b"2"])
    await reading.begin()
    await until_committed(reading, 3)
    other = AIOKafkaConsumer(
        bootstrap_servers=reading.kafka.bootstrap,
        group_id=reading.options.group,
        enable_auto_commit=False,
    )
    await other.start()
    place = TopicPartition(reading.topic, 0)
    other.assign([place])
    await other.commit({place: 1})
    await other.stop()

    await reading.produce([b"3"])
    await until_committed(reading, 4)

    (told,) = reading.inside.notices
    assert "were moved by somebody else" in told
    assert await reading.data(4) == [b"0", b"1", b"2", b"3"]


async def test_a_group_that_has_members_is_left_to_them(reading: Reading) -> None:
    await reading.create()
    await reading.produce([b"0", b"1"])
    other = AIOKafkaConsumer(
        reading.topic,
        bootstrap_servers=reading.kafka.bootstrap,
        group_id=reading.options.group,
        enable_auto_commit=False,
    )
    await other.start()

    await reading.begin()
    await reading.inside.until(lambda: bool(reading.inside.notices))
    await other.stop()

    (told,) = reading.inside.notices
    assert "other readers are members of this group" in told
    assert await reading.data(2) == [b"0", b"1"]
