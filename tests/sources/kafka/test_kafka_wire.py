"""The two requests that name topics by their ids."""

from io import BytesIO
from typing import Any

from aiokafka.protocol.metadata import MetadataRequest_v5

from sources.kafka.wire import (
    NO_ID,
    AskMetadata,
    AskRecords,
    FetchAnswer,
    FetchWithIds,
    MetadataAnswer,
    MetadataWithIds,
)

ID = b"0123456789abcdef"


def test_a_broker_that_knows_ids_is_asked_for_them() -> None:
    request = AskMetadata(["orders"]).prepare({3: (0, 13)})

    assert isinstance(request, MetadataWithIds)
    assert request.encode() == b"\x02" + NO_ID + b"\x07orders\0" + b"\0\0\0"


def test_no_broker_is_asked_to_make_a_topic() -> None:
    request = AskMetadata(["orders"]).prepare({3: (0, 8)})

    assert isinstance(request, MetadataRequest_v5)
    assert request.encode() == b"\0\0\0\x01\0\x06orders\0"


def test_all_topics_are_asked_for_by_naming_none() -> None:
    assert AskMetadata(None).prepare({3: (0, 13)}).encode() == b"\0\0\0\0"


def test_records_are_asked_for_by_topic_id() -> None:
    request = AskRecords(500, 4096, [(ID, [(3, 77, 1024)])]).prepare({1: (4, 17)})

    assert isinstance(request, FetchWithIds)
    encoded = request.encode()
    assert encoded.count(ID) == 1
    assert encoded.count((77).to_bytes(8, "big")) == 1
    assert encoded.startswith(b"\xff\xff\xff\xff\x00\x00\x01\xf4\x00\x00\x00\x01\x00\x00\x10\x00")


def test_an_answer_is_read_as_it_was_written() -> None:
    partition: tuple[Any, ...] = (3, 0, 90, 88, 5, [(7, 60, {})], -1, b"records", {})
    fetched = FetchAnswer(0, 0, 0, [(ID, [partition], {})], {})
    topic: tuple[Any, ...] = (0, "orders", ID, False, [(0, 3, 1, 4, [1], [1], [], {})], 0, {})
    told = MetadataAnswer(0, [(1, "host", 9092, None, {})], "cluster", 1, [topic], {})

    read = FetchAnswer.decode(BytesIO(fetched.encode()))
    told_again = MetadataAnswer.decode(BytesIO(told.encode()))

    assert read.topics == [(ID, [partition], {})]
    assert told_again.topics == [topic]
    assert told_again.brokers == [(1, "host", 9092, None, {})]
