"""Records as Kafka gives them, made by hand."""

from dataclasses import dataclass

from broker.event import Event
from sources.kafka.events import EventMaker, Headers
from sources.kafka.options import KafkaOptions
from sources.spec import SourceSpec
from tests.sources.kafka.moments import NOON

OPTIONS = KafkaOptions(("localhost:9092",), "group", ("orders",))
SPEC = SourceSpec("KafkaSource", "shop/orders", "shop/default", OPTIONS)


@dataclass(slots=True)
class FakeRecord:
    """Implements `sources.kafka.events.Record`."""

    value: bytes | None = b"{}"
    key: bytes | None = None
    headers: Headers = ()
    partition: int = 3
    offset: int = 77
    timestamp: int = 1_700_000_000_123


def made(record: FakeRecord, mark: str = "") -> Event:
    return EventMaker(SPEC, "orders", mark).make(record, NOON)
