"""The HTTP front of brokers: `POST /{namespace}/{broker}`, CloudEvents 1.0 in all three modes.

From request to events (`read_request`) and from result to answer (`answer_for`) are pure
functions; the class only finds the broker. What it refuses from the head alone is refused
before the body is read.
"""

from collections.abc import Mapping, Sequence

from broker.codec import Limits, Mode, decode_batch, decode_binary, decode_structured, mode
from broker.errors import HeadraceError, InvalidEvent
from broker.event import Event
from broker.http_message import Answer, BodyPlan, Header, Request, Respond
from broker.intake import Intake
from broker.problem import problem, problem_of
from broker.shedding import Shedding
from broker.waiting import Result

ALLOW: Header = (b"allow", b"POST, OPTIONS")

STORED = Answer(202)
STORED_BEFORE = Answer(202, [(b"headrace-duplicate", b"true")])
METHOD_NOT_ALLOWED = problem(
    405,
    "method-not-allowed",
    "only POST publishes, only OPTIONS asks",
    remedy="send a POST",
    headers=[ALLOW],
)


class Plan(BodyPlan):
    """How a body will be read, and for which intake."""

    __slots__ = ("intake", "mode")

    def __init__(self, body_bytes_max: int, intake: Intake, mode: Mode) -> None:
        super().__init__(body_bytes_max)
        self.intake = intake
        self.mode = mode


class Ingress:
    """A route for `HttpServer` over the intakes of brokers named `namespace/name`.

    With `names_brokers` a 404 names those that exist: only where all callers may know them.
    """

    def __init__(self, intakes: Mapping[str, Intake], names_brokers: bool = False) -> None:
        self._names_brokers = names_brokers
        self._plans: Mapping[bytes, Mapping[Mode, Plan]] = {}
        self._names: tuple[str, ...] = ()
        self._shedding = Shedding()
        self.serve(intakes)

    def serve(self, intakes: Mapping[str, Intake]) -> None:
        """Serve these brokers from now on; requests under way keep theirs."""
        self._plans = {f"/{name}".encode(): _plans(intake) for name, intake in intakes.items()}
        self._names = tuple(sorted(intakes))

    def head(self, request: Request) -> Answer | BodyPlan:
        """Judge a head: 200, 404, 405, 415, or how to read the body."""
        plans = self._plans.get(request.target)
        if plans is None:
            plans = self._plans.get(request.target.partition(b"?")[0])
            if plans is None:
                return _options_of_server() if request.target == b"*" else self._not_found()
        if request.method != b"POST":
            if request.method == b"OPTIONS":
                return handshake(request, plans["binary"].intake)
            return METHOD_NOT_ALLOWED
        try:
            if request.content_encoding is not None:
                raise _encoded(request.content_encoding)
            return plans[mode(request.content_type)]
        except InvalidEvent as error:
            plans["binary"].intake.counts.refuse(error)
            return problem_of(error)

    def receive(self, request: Request, respond: Respond) -> None:
        """Decode the body and hand the events to the intake; the answer follows the commit.

        Unless the intake sheds: then nothing is decoded, and the answer comes a little later.
        """
        plan = request.plan
        assert isinstance(plan, Plan)
        refusal = plan.intake.shed()
        if refusal is not None:
            request.body = b""  # it waits, and must not take the memory of its body with it
            self._shedding.tell_later(respond, refusal)
            return
        try:
            events = read_request(plan.mode, request, plan.intake.options.limits)
        except HeadraceError as error:
            plan.intake.counts.refuse(error)
            respond(problem_of(error))
            return
        plan.intake.accept(events, lambda result: respond(answer_for(result)))

    def _not_found(self) -> Answer:
        what = "there is no such broker"
        if self._names_brokers and self._names:
            what += f"; there are: {', '.join(self._names)}"
        return problem(404, "unknown-broker", what, "path", "POST to /{namespace}/{broker}")


def read_request(mode: Mode, request: Request, limits: Limits) -> Sequence[Event]:
    """The events of a whole request. Raises Invalid."""
    if mode == "binary":
        return (decode_binary(request.headers, request.body, limits),)
    if mode == "structured":
        return (decode_structured(request.body, limits),)
    return decode_batch(request.body, limits)


def answer_for(result: Result) -> Answer:
    """What the publisher hears of what the intake made of its request."""
    if isinstance(result, HeadraceError):
        return problem_of(result)
    return STORED_BEFORE if result.is_duplicate else STORED


def handshake(request: Request, intake: Intake) -> Answer:
    """The answer to OPTIONS: any origin may publish, at the broker's rate.

    Source: CloudEvents HTTP webhook 4.2, validation response; rates are per minute.
    """
    headers: list[Header] = [ALLOW]
    if request.header(b"webhook-request-origin") is not None:
        rate = intake.options.publish_rate_per_second
        allowed = b"*" if rate is None else b"%d" % max(1, int(rate * 60))
        headers.append((b"webhook-allowed-origin", b"*"))
        headers.append((b"webhook-allowed-rate", allowed))
    return Answer(200, headers)


def _plans(intake: Intake) -> Mapping[Mode, Plan]:
    limits = intake.options.limits
    return {
        "binary": Plan(limits.event_bytes, intake, "binary"),
        "structured": Plan(limits.event_bytes, intake, "structured"),
        "batch": Plan(limits.batch_bytes, intake, "batch"),
    }


def _options_of_server() -> Answer:
    return Answer(200, [ALLOW])


def _encoded(coding: bytes) -> InvalidEvent:
    return InvalidEvent(
        f"the body is encoded ({coding.decode('latin-1')})",
        code="unsupported-content-encoding",
        where="content-encoding",
        remedy="send it unencoded",
    )
