"""Records of a real Kafka: each becomes one event, or one that says why not."""

import orjson
import pytest

from broker.codec.limits import Limits
from broker.errors import Invalid
from broker.intake_options import IntakeOptions
from tests.servers.kafka import Kafka
from tests.sources.kafka.reading import Reading

CE = [
    ("ce_specversion", b"1.0"),
    ("ce_id", b"order-1"),
    ("ce_source", b"/shop"),
    ("ce_type", b"com.example.order"),
    ("content-type", b"text/plain"),
]


async def test_plain_binary_and_structured_records_are_events_in_their_order(
    reading: Reading,
) -> None:
    await reading.create()
    whole = {"specversion": "1.0", "id": "2", "source": "/s", "type": "t", "data": {"n": 1}}
    mode = [("content-type", b"application/cloudevents+json")]
    await reading.produce([b'{"plain": 1}'], key=b"customer 7")
    await reading.produce([b"binary"], key=b"customer 7", headers=CE)
    await reading.produce([orjson.dumps(whole)], headers=mode)
    await reading.begin()

    plain, binary, structured = await reading.stored(3)

    assert (plain.type, plain.id) == ("dev.knative.kafka.event", "partition:0/offset:0")
    assert plain.attributes["partitionkey"] == "customer 7"
    assert (binary.type, binary.id, binary.data) == ("com.example.order", "order-1", b"binary")
    assert (structured.id, structured.data) == ("2", b'{"n":1}')


@pytest.mark.parametrize("compression", ["gzip", "snappy", "lz4", "zstd"])
async def test_compressed_records_are_read(reading: Reading, compression: str) -> None:
    await reading.create()
    await reading.begin()

    async with reading.producer(compression_type=compression) as producer:
        for _ in range(20):
            await producer.send(reading.topic, b"words " * 50)
        await producer.flush()

    assert await reading.data(20) == [b"words " * 50] * 20


async def test_a_tombstone_is_an_event_and_compaction_gaps_are_no_losses(reading: Reading) -> None:
    await reading.create(
        cleanup_policy="compact", segment_ms="100", min_cleanable_dirty_ratio="0.01"
    )
    await reading.produce([b"%d" % number for number in range(50)], key=b"same")
    await reading.produce([None], key=b"gone")
    await reading.begin()

    await reading.until_at(51)
    *_, last = await reading.stored(2)

    assert last.attributes["kafkatombstone"] == "true"
    assert last.id == "partition:0/offset:50"
    assert await reading.refused() == []


async def test_only_what_transactions_committed_comes_and_their_marks_are_passed(
    reading: Reading,
) -> None:
    await reading.create()
    await reading.begin()
    async with reading.producer(transactional_id=reading.topic) as producer:
        for word, is_kept in ((b"kept 1", True), (b"aborted", False), (b"kept 2", True)):
            await producer.begin_transaction()
            await producer.send_and_wait(reading.topic, word)
            await (producer.commit_transaction() if is_kept else producer.abort_transaction())

    assert await reading.data(2) == [b"kept 1", b"kept 2"]
    await reading.until_at(6)  # with the mark behind the last
    assert len(await reading.inside.stored()) == 2


async def test_marks_of_transactions_alone_move_the_stored_position(reading: Reading) -> None:
    await reading.create()
    await reading.begin()

    async with reading.producer(transactional_id=reading.topic) as producer:
        await producer.begin_transaction()
        await producer.send_and_wait(reading.topic, b"aborted")
        await producer.abort_transaction()

    await reading.until_at(2)
    assert await reading.inside.stored() == []


async def test_a_record_over_the_brokers_limit_is_told_and_the_next_one_comes(
    kafka: Kafka,
) -> None:
    reading = Reading(kafka, IntakeOptions(limits=Limits(event_bytes=2_000)))
    await reading.inside.open()
    await reading.create()
    await reading.produce([b"x" * 3_000, b"small"])
    await reading.produce([b"y" * 3_000], headers=CE)
    await reading.begin()

    stored = await reading.stored(3)

    assert [event.data for event in stored][1] == b"small"
    assert [(one["refused"], one["code"]) for one in await reading.refused()] == [
        (f"{reading.topic} partition:0/offset:0", "too-large"),
        (f"{reading.topic} partition:0/offset:2", "too-large"),
    ]
    await reading.inside.close()


async def test_a_record_larger_than_an_answer_is_read(reading: Reading) -> None:
    await reading.create(max_message_bytes="3000000")
    reading.change(fetch_bytes=65_536)
    await reading.produce([b"x" * 900_000, b"small", b"y" * 900_000])
    await reading.begin()

    sizes = [len(event.data or b"") for event in await reading.stored(3)]

    assert sizes == [900_000, 5, 900_000]


async def test_a_broken_event_is_told_with_its_place_and_the_next_one_comes(
    reading: Reading,
) -> None:
    await reading.create()
    await reading.produce([b"broken"], headers=CE[:3])
    await reading.produce([b"good"], headers=CE)
    await reading.begin()

    _, good = await reading.stored(2)
    (told,) = await reading.refused()

    assert good.data == b"good"
    assert told["code"] == "missing-attribute"
    assert (told["topic"], told["partition"], told["offset"]) == (reading.topic, 0, 0)


async def test_one_identity_with_other_data_is_told_by_its_place(reading: Reading) -> None:
    await reading.create()
    await reading.produce([b"first", b"other"], headers=CE)
    await reading.begin()

    first, _ = await reading.stored(2)
    (told,) = await reading.refused()

    assert first.data == b"first"
    assert told["refused"] == f"{reading.topic} partition:0/offset:1"
    assert told["code"] == "duplicate-differs"


async def test_each_partition_keeps_its_order(reading: Reading) -> None:
    await reading.create(partitions=3)
    for partition in range(3):
        await reading.produce([b"%d" % number for number in range(300)], partition)
    await reading.begin()

    stored = await reading.stored(900)

    for partition in range(3):
        of_it = [one.data for one in stored if one.id.startswith(f"partition:{partition}/")]
        assert of_it == [b"%d" % number for number in range(300)]
    await reading.inside.until(lambda: reading.inside.standing.lag == 0)
    assert reading.inside.standing.position == f"{reading.topic}: 0=300 1=300 2=300"


async def test_a_topic_that_is_missing_is_named_and_read_from_its_start_once_it_is_there(
    reading: Reading,
) -> None:
    reading.change(beginning="latest")

    error = await reading.failure()
    await reading.create()
    await reading.produce([b"before it was looked for again"])
    await reading.begin()

    assert isinstance(error, Invalid)
    assert (error.code, error.where) == ("no-topic", reading.topic)
    assert await reading.data(1) == [b"before it was looked for again"]


async def test_a_check_tells_what_it_found_and_what_is_missing(reading: Reading) -> None:
    await reading.create(partitions=3)
    reading.change(topics=(reading.topic, "nowhere"))
    with pytest.raises(Invalid) as caught:
        await reading.make().check()
    reading.change(topics=(reading.topic,))

    found = await reading.make().check()

    assert caught.value.where == "nowhere"
    assert found.startswith("1 broker of cluster ")
    assert f"{reading.topic} (3)" in found
    assert f"group {reading.options.group} can be read" in found
