"""Asking a Kafka cluster: connections, and one method for each thing that is asked.

No retries, no state beside the connections: whatever goes wrong is raised, told in words, and
the source begins anew from its records.
"""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from aiokafka.conn import AIOKafkaConnection, create_conn
from aiokafka.errors import KafkaError
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.offset import OffsetRequest

from broker.errors import Denied, HeadraceError, Invalid, Unavailable
from sources.kafka.failures import MOVED, failure_of, failure_of_code
from sources.kafka.options import KafkaOptions
from sources.kafka.tls import tls_context
from sources.kafka.topics import LATEST, NOBODY, Broker, Layout, Place, Topic
from sources.kafka.wire import NO_ID, READ_COMMITTED, AskMetadata, AskRecords

WAIT_MILLISECONDS = 500  # of a fetch that finds nothing
CLOSE_SECONDS_MAX = 1.0
# What a request may raise; NotImplementedError where a broker speaks no version of ours.
ERRORS = (KafkaError, OSError, ValueError, NotImplementedError, asyncio.IncompleteReadError)


class Moved(Unavailable):
    """The layout has changed: ask for it again, and go on by it."""


class Fetched(NamedTuple):
    """One partition of an answer. `end`: the first offset that is not committed yet."""

    place: Place
    code: int
    end: int
    aborted: Sequence[tuple[int, int]]  # (producer, first offset) of its transactions
    records: bytes


class Cluster:
    """`await close()` when it is no longer needed, whatever happened."""

    def __init__(self, options: KafkaOptions) -> None:
        self.options = options
        self.server = ""  # host:port, once one answered
        self._tls: ssl.SSLContext | None = None
        self._first: Broker | None = None
        self._connections: dict[tuple[Broker, str], AIOKafkaConnection] = {}

    async def layout(self, topics: Sequence[str] | None) -> Layout:
        """Of `topics`, None for all. From the first server that answers, then always that."""
        if self._first is None:
            self._first = await self._first_that_answers()
            self.server = f"{self._first.host}:{self._first.port}"
        answer = await self.ask(self._first, "control", AskMetadata(topics))
        return _layout(answer)

    async def offsets(self, layout: Layout, wanted: Mapping[Place, int]) -> dict[Place, int]:
        """By place: EARLIEST, LATEST, or the first from a time on (ms since 1970; else LATEST)."""
        found = await self._offsets(layout, wanted)
        late = {place: LATEST for place, offset in found.items() if offset < 0}
        return {**found, **await self._offsets(layout, late)}

    async def fetch(
        self, layout: Layout, node: int, wanted: Sequence[tuple[Place, int]]
    ) -> list[Fetched]:
        """What broker `node` has of the places that it leads, from offsets on."""
        ids = {topic.name: topic.id for topic in layout.topics.values() if topic.id is not None}
        asked = _by_topic((place, (place.partition, at, self._share)) for place, at in wanted)
        if ids.keys() >= asked.keys():
            names: dict[Any, str] = {ids[name]: name for name in asked}
            wished = [(ids[name], partitions) for name, partitions in asked.items()]
            request: Any = AskRecords(WAIT_MILLISECONDS, self.options.fetch_bytes, wished)
        else:
            names = {name: name for name in asked}
            request = FetchRequest(
                WAIT_MILLISECONDS, 1, self.options.fetch_bytes, READ_COMMITTED, list(asked.items())
            )
        answer = await self.ask(layout.brokers[node], "fetch", request)
        if code := getattr(answer, "error_code", 0):
            raise self.failure(code, f"broker {node}")
        return [
            _fetched(Place(names[topic], row[0]), row, answer.API_VERSION)
            for topic, rows, *_ in answer.topics
            for row in rows
        ]

    async def ask(self, broker: Broker, purpose: str, request: Any) -> Any:
        """The answer. Requests of one purpose to one broker wait for each other."""
        where = f"{broker.host}:{broker.port}"
        try:
            connection = await self._connection(broker, purpose)
            return await connection.send(request)
        except ERRORS as error:
            raise failure_of(error, where) from error

    async def close(self) -> None:
        """Leave no connection open; asking again makes new ones."""
        self._first = None
        ends = [connection.close() for connection in self._connections.values()]
        self._connections.clear()
        if ends:
            await asyncio.wait(ends, timeout=CLOSE_SECONDS_MAX)

    @property
    def _share(self) -> int:
        """Of one partition in an answer: so that four at least have something in it."""
        return max(1, self.options.fetch_bytes // 4)

    async def _first_that_answers(self) -> Broker:
        failures: list[HeadraceError] = []
        for server in self.options.servers:
            host, _, port = server.rpartition(":")
            broker = Broker(host.strip("[]"), int(port))
            try:
                await self._connection(broker, "control")
            except ERRORS as error:
                failures.append(failure_of(error, server))
            else:
                return broker
        # A refusal says more than that another server was down.
        raise next((one for one in failures if isinstance(one, Denied | Invalid)), failures[-1])

    async def _connection(self, broker: Broker, purpose: str) -> AIOKafkaConnection:
        known = self._connections.get((broker, purpose))
        if known is not None and known.connected():
            return known
        sasl, tls = self.options.sasl, self.options.tls
        if tls is not None and self._tls is None:
            self._tls = tls_context(tls)
        made = await create_conn(
            broker.host,
            broker.port,
            client_id="headrace",
            request_timeout_ms=int(self.options.request_seconds * 1000),
            ssl_context=self._tls,
            security_protocol=("SASL_" if sasl else "") + ("SSL" if tls else "PLAINTEXT"),
            sasl_mechanism=sasl and sasl.mechanism,
            sasl_plain_username=sasl and sasl.user,
            sasl_plain_password=sasl and sasl.password,
        )
        self._connections[broker, purpose] = made
        return made

    async def _offsets(self, layout: Layout, wanted: Mapping[Place, int]) -> dict[Place, int]:
        asked: dict[int, list[tuple[Place, tuple[int, int]]]] = {}
        for place, at in wanted.items():
            if layout.leader(place) == NOBODY:
                raise Moved("nobody leads it", where=str(place))
            asked.setdefault(layout.leader(place), []).append((place, (place.partition, at)))
        found: dict[Place, int] = {}
        for node, rows in asked.items():
            request = OffsetRequest(-1, READ_COMMITTED, list(_by_topic(rows).items()))
            answer = await self.ask(layout.brokers[node], "control", request)
            for topic, partitions in answer.topics:
                for number, code, _, offset in partitions:
                    if code:
                        raise self.failure(code, topic)
                    found[Place(topic, number)] = offset
        return found

    @staticmethod
    def failure(code: int, where: str) -> HeadraceError:
        """What an error code means; Moved where the layout may be another by now."""
        if code in MOVED:
            return Moved("its partitions move from broker to broker", where=where)
        return failure_of_code(code, where)


def _by_topic(rows: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for place, row in rows:
        found.setdefault(place.topic, []).append(row)
    return found


def _fetched(place: Place, row: Sequence[Any], version: int) -> Fetched:
    """Of (partition, code, high watermark, last stable, [log start], aborted, …, records)."""
    aborted = row[4] if version == 4 else row[5]
    records = row[7] if version == 13 else row[-1]
    return Fetched(place, row[1], row[3], [one[:2] for one in aborted or ()], records or b"")


def _layout(answer: Any) -> Layout:
    brokers = {row[0]: Broker(row[1], row[2]) for row in answer.brokers}
    topics: dict[str, Topic] = {}
    errors: dict[str, int] = {}
    for row in answer.topics:
        code, name = row[0], row[1]
        if code:
            errors[name] = code
            continue
        has_id = answer.API_VERSION >= 12
        identity = row[2] if has_id and row[2] != NO_ID else None
        leaders = {part[1]: part[2] for part in row[4 if has_id else 3]}
        topics[name] = Topic(name, identity, leaders)
    return Layout(answer.cluster_id or "", brokers, topics, errors)
