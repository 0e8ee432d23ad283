"""Two requests of Kafka's protocol in the versions that know a topic by its id.

A name says nothing of a topic that was deleted and made anew; an id does. The client library
speaks the versions before them, which brokers older than 3.1 need.
Source: Kafka protocol guide, Metadata (version 12) and Fetch (version 13); KIP-516.
"""

from collections.abc import Sequence
from typing import Any

from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.metadata import MetadataRequest_v4, MetadataRequest_v5
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactBytes,
    CompactString,
    Int8,
    Int16,
    Int32,
    Int64,
    Schema,
    TaggedFields,
)

NO_ID = bytes(16)
READ_COMMITTED = 1
METADATA, FETCH = 3, 1  # API keys


class Identity(AbstractType):  # type: ignore[misc]
    """A topic's id: sixteen bytes as they are."""

    @classmethod
    def encode(cls, value: bytes) -> bytes:
        return value

    @classmethod
    def decode(cls, data: Any) -> bytes:
        found: bytes = data.read(len(NO_ID))
        return found


TAGS = ("tags", TaggedFields)


class MetadataAnswer(Response):  # type: ignore[misc]
    API_KEY = METADATA
    API_VERSION = 12
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString()),
                ("port", Int32),
                ("rack", CompactString()),
                TAGS,
            ),
        ),
        ("cluster_id", CompactString()),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("topic", CompactString()),
                ("topic_id", Identity),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        TAGS,
                    ),
                ),
                ("authorized_operations", Int32),
                TAGS,
            ),
        ),
        TAGS,
    )


class MetadataWithIds(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY = METADATA
    API_VERSION = 12
    RESPONSE_TYPE = MetadataAnswer
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", Identity), ("topic", CompactString()), TAGS)),
        ("allow_auto_topic_creation", Boolean),
        ("include_authorized_operations", Boolean),
        TAGS,
    )


class AskMetadata(Request[MetadataRequest_v4 | MetadataRequest_v5 | MetadataWithIds]):  # type: ignore[misc]
    """Of `topics`, None for all. Never lets the broker make a topic that is missing."""

    API_KEY = METADATA

    def __init__(self, topics: Sequence[str] | None) -> None:
        self._topics = topics

    def build(self, struct: Any) -> Any:
        if struct is not MetadataWithIds:
            return struct(None if self._topics is None else list(self._topics), False)
        if self._topics is None:
            return struct(None, False, False, {})
        return struct([(NO_ID, topic, {}) for topic in self._topics], False, False, {})


class FetchAnswer(Response):  # type: ignore[misc]
    API_KEY = FETCH
    API_VERSION = 13
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        ("session_id", Int32),
        (
            "topics",
            CompactArray(
                ("topic_id", Identity),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32),
                        ("error_code", Int16),
                        ("high_watermark", Int64),
                        ("last_stable_offset", Int64),
                        ("log_start_offset", Int64),
                        (
                            "aborted",
                            CompactArray(("producer_id", Int64), ("first_offset", Int64), TAGS),
                        ),
                        ("preferred_read_replica", Int32),
                        ("records", CompactBytes),
                        TAGS,
                    ),
                ),
                TAGS,
            ),
        ),
        TAGS,
    )


class FetchWithIds(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY = FETCH
    API_VERSION = 13
    RESPONSE_TYPE = FetchAnswer
    SCHEMA = Schema(
        ("replica_id", Int32),
        ("max_wait_time", Int32),
        ("min_bytes", Int32),
        ("max_bytes", Int32),
        ("isolation_level", Int8),
        ("session_id", Int32),
        ("session_epoch", Int32),
        (
            "topics",
            CompactArray(
                ("topic_id", Identity),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32),
                        ("current_leader_epoch", Int32),
                        ("fetch_offset", Int64),
                        ("last_fetched_epoch", Int32),
                        ("log_start_offset", Int64),
                        ("max_bytes", Int32),
                        TAGS,
                    ),
                ),
                TAGS,
            ),
        ),
        ("forgotten", CompactArray(("topic_id", Identity), TAGS)),
        ("rack_id", CompactString()),
        TAGS,
    )


class AskRecords(Request[FetchWithIds]):  # type: ignore[misc]
    """Committed records from given offsets; waits at the broker until there are some.

    `wanted` is by topic id: (partition, offset, bytes at most).
    """

    API_KEY = FETCH

    def __init__(
        self,
        wait_milliseconds: int,
        bytes_max: int,
        wanted: Sequence[tuple[bytes, Sequence[tuple[int, int, int]]]],
    ) -> None:
        self._wait_milliseconds = wait_milliseconds
        self._bytes_max = bytes_max
        self._wanted = wanted

    def build(self, struct: Any) -> Any:
        # -1: no leader epoch, no epoch of the last record, no offset of our own log.
        wanted: list[Any] = [
            (topic, [(number, -1, at, -1, -1, most, {}) for number, at, most in partitions], {})
            for topic, partitions in self._wanted
        ]
        session = (0, -1)  # none: every request says all of it
        return struct(
            -1, self._wait_milliseconds, 1, self._bytes_max, READ_COMMITTED, *session, wanted,
            [], "", {},
        )  # fmt: skip
