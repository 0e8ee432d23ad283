"""The contract of an inference protocol: events to one request, its answer to a part for each.

Pure: what is sent, and when, how often and to which variant, is the sink's. A protocol is made
once for a spec and keeps nothing of a call.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from broker.delivery import Delivery, Failed, OutcomeClass
from broker.event import Event

Headers = tuple[tuple[str, str], ...]
"""Names in lower case."""


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """A POST. `path` begins with a slash and is below the sink's URL; no content-length yet.

    It is empty where the URL itself is meant. `headers` may name a `host` of their own.
    `is_waking`: a sleeping model is woken by it, which takes as long as it takes.
    """

    path: str
    headers: Headers
    body: bytes
    is_waking: bool = False


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """A whole answer, whatever its status, and what is known of the call.

    `is_waking`: it is the one call that should wake a sleeping model. `others_succeed`: calls
    to the same model have lately ended well.
    """

    status: int
    headers: Headers = ()
    body: bytes = b""
    is_waking: bool = False
    others_succeed: bool = True

    def header(self, name: str) -> str:
        """The first value of a header, empty where there is none; `name` in lower case."""
        return next((value for found, value in self.headers if found == name), "")


@dataclass(frozen=True, slots=True)
class Item:
    """One event as it will be in a request. Items of one `key` may share one.

    `records` is how many rows it adds to a batch; `content` is the protocol's own.
    """

    delivery: Delivery
    content: Any
    records: int = 1
    size_bytes: int = 0
    key: Hashable = None


@dataclass(frozen=True, slots=True)
class Part:
    """What an answer says of one item: a JSON-able value, from which the reply's data is made.

    `raw` are the very bytes where the part is a whole body, of `content_type`. `facts` become
    attributes of the reply (`inferenceversion`, `inferencefinish`); `tokens` counts against
    tokensPerMinute. `event` is set where the answer is a CloudEvent that becomes the reply;
    `is_empty`: there is no reply.
    """

    value: Any
    raw: bytes | None = None
    facts: dict[str, str] = field(default_factory=dict)
    tokens: int = 0
    content_type: str = "application/json"
    event: Event | None = None
    is_empty: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """A call that brought no parts, judged; see the classes of `broker.delivery.OutcomeClass`.

    `batch_max` is what the server said that a batch may have; `is_missing` a 404 for the model,
    which is NOT_READY for a while and then CONFIG.
    """

    failed: Failed
    batch_max: int | None = None
    is_missing: bool = False

    @property
    def outcome_class(self) -> OutcomeClass:
        return self.failed.outcome_class


class InferenceProtocol(Protocol):
    """One way to speak to a model server.

    `batch_limit` is how many records one request may have, 1 where none are joined.
    """

    batch_limit: int

    def item(self, delivery: Delivery) -> Item:
        """Raises Invalid: this event cannot be sent, others can."""
        ...

    def request(self, items: Sequence[Item]) -> ModelRequest:
        """One request for all of `items`, which have one key, in their order.

        Its body may be larger than `limits.maxRequestBytes`: the sender looks.
        """
        ...

    def parts(self, items: Sequence[Item], answer: ModelAnswer) -> Sequence[Part] | Refusal:
        """A part for each, in their order; or why there is none. Never raises for an answer."""
        ...

    def probe_paths(self) -> Sequence[str]:
        """To GET: the model is ready if one of them answers 2xx. Empty: connecting must do."""
        ...
