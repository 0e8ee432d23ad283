"""What a KafkaSource is told to do, with its secrets resolved."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Beginning = Literal["earliest", "latest"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sasl:
    mechanism: Mechanism
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM texts; without `authority` those that the machine trusts."""

    authority: str | None = None
    certificate: str | None = None
    key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class KafkaOptions:
    """`topics` by name, or all that `topic_pattern` matches whole; one of the two.

    `beginning` counts where no position is stored. `fetch_bytes` bounds one answer of a broker,
    and so, with a single one for each broker, what is read ahead.
    """

    servers: Sequence[str]  # host:port
    group: str
    topics: Sequence[str] = ()
    topic_pattern: str | None = None
    beginning: Beginning | datetime = "latest"
    sasl: Sasl | None = None
    tls: Tls | None = None
    fetch_bytes: int = 4 * MEBIBYTE
    request_seconds: float = 10.0
    refresh_seconds: float = 5.0  # between two looks for new topics and partitions
