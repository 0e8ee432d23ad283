"""WebhookSource: takes posts to its path on the ingress, and answers them after the commit.

What others may repeat it makes recognizable: a request's id is the sender's own, or follows
from the body, so that the broker's window catches the retry of a request whose answer was lost.
"""

import asyncio

from broker.codec import Limits
from broker.errors import HeadraceError, InvalidEvent, Unavailable
from broker.event import Event
from broker.http_message import Answer, BodyPlan, Header, Request, Respond
from broker.problem import problem, problem_of
from sources.source import Outlet, SourceSupplies
from sources.spec import SourceSpec
from sources.webhook.making import EventMaker
from sources.webhook.offer import Offer
from sources.webhook.options import WebhookOptions
from sources.webhook.reading import Reading
from sources.webhook.reception import Reception
from sources.webhook.signature import Verifier

ALLOW: Header = (b"allow", b"POST, OPTIONS")
METHOD_NOT_ALLOWED = problem(
    405,
    "method-not-allowed",
    "only POST sends, only OPTIONS asks",
    remedy="send a POST",
    headers=[ALLOW],
)
NOT_RUNNING = problem_of(
    Unavailable("the source has not started yet", code="source-not-running", remedy="try again")
)
_CLOUDEVENTS = b"application/cloudevents"


class WebhookSource:
    """Implements `Source` and `Receiver`."""

    def __init__(self, spec: SourceSpec, supplies: SourceSupplies) -> None:
        options: WebhookOptions = spec.options
        verification = options.verification
        self._spec = spec
        self._supplies = supplies
        self._verifier = None if verification is None else Verifier(verification)
        style = None if verification is None else verification.style
        self._maker = EventMaker(options.template, style)
        self._plan = BodyPlan(options.body_bytes_max)
        self._limits = Limits(event_bytes=options.body_bytes_max)
        self._outlet: Outlet | None = None
        self._reception: Reception | None = None

    async def run(self, outlet: Outlet) -> None:
        self._outlet, self._reception = outlet, Reception(outlet.standing)
        outlet.standing.connect(self._found())
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self._outlet = None

    async def check(self) -> str:
        return self._found()

    def head(self, request: Request) -> Answer | BodyPlan:
        """Judge a head: 401, 405, 415, 503, or how much body may follow."""
        if self._outlet is None or self._reception is None:
            return NOT_RUNNING
        if request.method != b"POST":
            return handshake(request) if request.method == b"OPTIONS" else METHOD_NOT_ALLOWED
        try:
            judge_media(request)
            if self._verifier is not None:
                self._verifier.judge_head(request, self._supplies.clock.now())
        except HeadraceError as error:
            self._reception.refuse(error)
            return problem_of(error)
        return self._plan

    def receive(self, request: Request, respond: Respond) -> None:
        """Make the event and offer it; one that is refused is not stored, and told why."""
        outlet, reception = self._outlet, self._reception
        if outlet is None or reception is None:
            respond(NOT_RUNNING)
            return
        try:
            event = self._event_of(request)
        except HeadraceError as error:
            reception.refuse(error)
            respond(problem_of(error))
            return
        Offer(self._spec, self._supplies.clock, outlet, reception, respond).make(event)

    def _event_of(self, request: Request) -> Event:
        """Raises Unauthorized, and only then looks into the body: InvalidEvent, TooLarge."""
        if self._verifier is not None:
            self._verifier.judge_body(request, self._supplies.clock.now())
        reading = Reading(request, self._spec.name, self._limits, self._supplies.chance)
        return self._maker.event_of(reading, self._limits)

    def _found(self) -> str:
        verified = "" if self._verifier is not None else ", without verifying who sends"
        return f"listens on the ingress at /sources/{self._spec.name}{verified}"


def judge_media(request: Request) -> None:
    """Raise InvalidEvent, answered 415, for a body that is encoded or is itself an event."""
    if request.content_encoding is not None:
        raise InvalidEvent(
            "the body is encoded",
            code="unsupported-content-encoding",
            where="content-encoding",
            remedy="send it unencoded",
        )
    if (request.content_type or b"")[: len(_CLOUDEVENTS)].lower() == _CLOUDEVENTS:
        raise InvalidEvent(
            "a webhook takes anything but CloudEvents",
            code="unsupported-format",
            where="content-type",
            remedy="POST them to their broker, /{namespace}/{broker}",
        )


def handshake(request: Request) -> Answer:
    """The answer to OPTIONS: any origin may send (CloudEvents HTTP webhook 4.2)."""
    headers: list[Header] = [ALLOW]
    if request.header(b"webhook-request-origin") is not None:
        headers.append((b"webhook-allowed-origin", b"*"))
        headers.append((b"webhook-allowed-rate", b"*"))
    return Answer(200, headers)
