"""The contract of calling one model: a request out, an answer in, whatever lies between."""

from typing import NamedTuple, Protocol

from sinks.inference.protocol import ModelAnswer, ModelRequest

CUT = "cut"  # the phase of an answer that is larger than allowed


class Unanswered(NamedTuple):
    """No usable answer; `phase` is dns, connect, tls, write, read or timeout.

    `was_sent`: the server may have begun to compute.
    """

    phase: str
    message: str
    was_sent: bool


Called = ModelAnswer | Unanswered


class Caller(Protocol):
    """To one variant of a model, over all its replicas. `deadline` is monotonic seconds."""

    async def post(self, request: ModelRequest, deadline: float) -> Called:
        """Raises Denied where credentials for the call are refused."""
        ...

    async def get(self, path: str, deadline: float) -> Called:
        """As `post`; an empty `path` only connects, and then answers 200."""
        ...
