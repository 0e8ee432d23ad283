"""One request made to be looked at: what would be sent, what came back, what it would mean.

Nothing of it is stored or settled, and no breaker, limit or hold hears of it.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from broker.delivery import Delivery, Outcome
from sinks.http_url import redacted

SHOWN_BYTES_MAX = 65_536  # of a body; what lies beyond is only counted
HIDDEN = "***"
# Of any other header the value may be a credential: keys have many names.
_SHOWN = frozenset(
    (
        "accept", "accept-encoding", "allow", "connection", "content-length", "content-type",
        "date", "headrace-attempt", "headrace-delivery", "host", "inference-header-content-length",
        "prefer", "retry-after", "server", "traceparent", "tracestate", "transfer-encoding",
        "user-agent", "vary", "webhook-id", "webhook-timestamp", "x-request-id",
    )
)  # fmt: skip

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """A request. `verb` is POST, or `run` where a model of this process was asked.

    `url` has no credentials; `headers` are as they were sent: see `shown_headers`.
    """

    verb: str
    url: str
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back; `status` None where no server was asked."""

    status: int | None
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Tried:
    """`sent` None: no request can be made of the event; `answered` None: nothing came back."""

    sent: Sent | None
    answered: Answered | None
    outcome: Outcome
    seconds: float = 0.0
    variant: str | None = None


@runtime_checkable
class Triable(Protocol):
    """A sink that can show one request; it is open, or opens itself."""

    async def try_one(
        self, delivery: Delivery, deadline: float, variant: str | None = None
    ) -> Tried:
        """Send one event and show all of it; `deadline` is monotonic seconds.

        `variant` is one that the sink has; None: that which the event would go to.
        """
        ...


def shown_headers(headers: Headers) -> Headers:
    """The headers as people may see them: only values that can be no secret."""
    return tuple(
        (name, value if name in _SHOWN or name.startswith("ce-") else HIDDEN)
        for name, value in ((name.lower(), value) for name, value in headers)
    )


def read_head(head: bytes, origin: str) -> tuple[str, str, Headers]:
    """Verb, URL and headers of a written HTTP/1.1 request to `origin`, such as http://host:80."""
    lines = head.decode("latin-1").split("\r\n")
    verb, target, _ = lines[0].split(" ", 2)
    pairs = (line.partition(":") for line in lines[1:] if line)
    url = redacted(f"{origin}{target}")
    return verb, url, tuple((name.lower(), value.strip()) for name, _, value in pairs)
