"""The ingress below `/sources/`: requests to the sources that are sent to, each by its name."""

from collections.abc import Mapping

from broker.http_message import Answer, BodyPlan, Request, Respond
from broker.problem import problem
from sources.source import Receiver

PATH = "/sources/"
RETRY_AFTER_SECONDS = 10  # of a source that is paused, or not started yet

UNKNOWN = problem(
    404,
    "unknown-source",
    "there is no such source, or it is none that is sent to",
    "path",
    "POST to /sources/{namespace}/{name}",
)
NOT_RUNNING = problem(
    503,
    "source-not-running",
    "the source is paused or has not started yet",
    remedy="send it again later",
    headers=[(b"retry-after", b"%d" % RETRY_AFTER_SECONDS)],
)


class Passage(BodyPlan):
    """How a receiver will read a body; a request under way keeps the receiver it began with."""

    __slots__ = ("plan", "receiver")

    def __init__(self, receiver: Receiver, plan: BodyPlan) -> None:
        super().__init__(plan.body_bytes_max)
        self.receiver = receiver
        self.plan = plan


class SourceRoute:
    """A route for `HttpServer`, to be told by `serve` what runs; until then all is answered 503.

    A 404 names no other source: whoever asks need not know them.
    """

    def __init__(self) -> None:
        self._receivers: Mapping[bytes, Receiver | None] | None = None

    def serve(self, receivers: Mapping[str, Receiver | None]) -> None:
        """Serve these from now on, by `namespace/name`; None is one that does not run now."""
        self._receivers = {
            f"{PATH}{name}".encode(): receiver for name, receiver in receivers.items()
        }

    def head(self, request: Request) -> Answer | BodyPlan:
        """Judge a head: 404, 503, or what the receiver says of it."""
        path = request.target.partition(b"?")[0]
        if self._receivers is None:  # a sender must not take a start for a wrong address
            return NOT_RUNNING
        if path not in self._receivers:
            return UNKNOWN
        receiver = self._receivers[path]
        if receiver is None:
            return NOT_RUNNING
        judged = receiver.head(request)
        return judged if isinstance(judged, Answer) else Passage(receiver, judged)

    def receive(self, request: Request, respond: Respond) -> None:
        passage = request.plan
        assert isinstance(passage, Passage)
        request.plan = passage.plan  # the receiver finds its own
        passage.receiver.receive(request, respond)
