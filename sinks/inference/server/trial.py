"""One event sent to a model server to be looked at, as the sink would send it.

Neither gate nor limits nor counts hear of it.
"""

from broker.clock import Clock
from broker.delivery import Delivery, Failed, OutcomeClass, Reason
from broker.errors import Denied, Invalid, Unavailable
from sinks.http_url import redacted
from sinks.inference.classes.learning import Learned
from sinks.inference.classes.no_answer import judge_no_answer
from sinks.inference.overflow import Large
from sinks.inference.protocol import InferenceProtocol, ModelAnswer, Refusal
from sinks.inference.replies import Replies
from sinks.inference.server.caller import Called, Caller
from sinks.inference_spec import InferenceSinkSpec
from sinks.trying import HIDDEN, Answered, Sent, Tried


async def try_model(
    protocol: InferenceProtocol,
    replies: Replies,
    caller: Caller,
    spec: InferenceSinkSpec,
    delivery: Delivery,
    deadline: float,
    clock: Clock,
) -> Tried:
    """One request for one event; `spec` is the variant's."""
    try:
        item = protocol.item(delivery)
        attributes = replies.attributes(delivery)
        request = protocol.request([item])
    except Invalid as error:
        failed = Failed(OutcomeClass.BAD_INPUT, str(error), reason=Reason.BAD_INPUT)
        return Tried(None, None, failed)
    # What the caller adds is said to be there, and not what it is.
    own = (("authorization", HIDDEN),) if spec.auth is not None else ()
    url = shown_url(spec.url, request.path)
    sent = Sent("POST", url, (*request.headers, *own), request.body)
    began = clock.monotonic()
    try:
        called = await caller.post(request, deadline)
    except Denied as error:
        return Tried(sent, None, Failed(OutcomeClass.CONFIG, str(error), reason=Reason.CONFIG))
    except Unavailable as error:  # the token URL does not answer: nothing was sent
        return Tried(sent, None, Failed(OutcomeClass.NOT_READY, str(error)))
    seconds = clock.monotonic() - began
    if not isinstance(called, ModelAnswer):
        return Tried(sent, None, _no_answer(called), seconds)
    answered = Answered(called.status, called.headers, called.body)
    parts = protocol.parts([item], called)
    if isinstance(parts, Refusal):
        return Tried(sent, answered, parts.failed, seconds)
    outcome = replies.outcome(delivery, attributes, parts[0], clock.now(), seconds, called.status)
    if isinstance(outcome, Large):  # shown as it would be, and nothing stored
        outcome = outcome.delivered
    return Tried(sent, answered, outcome, seconds)


def shown_url(url: str, path: str) -> str:
    """Where a request goes, without credentials."""
    base, mark, query = redacted(url).partition("?")
    return f"{base.rstrip('/')}{path}{mark}{query}" if path else f"{base}{mark}{query}"


def describe(spec: InferenceSinkSpec, learned: Learned) -> str:
    """A model that answered, in a sentence."""
    who = "" if learned.server == "auto" else f"{learned.server}: "
    of_version = f" version {spec.version}" if spec.version else ""
    model = f"model {spec.model}{of_version} is ready" if spec.model else "it is ready"
    inputs = ", ".join(map(str, learned.inputs.values()))
    return f"{who}{model}" + (f"; takes {inputs}, as spec.input gives it" if inputs else "")


def _no_answer(called: Called) -> Failed:
    assert not isinstance(called, ModelAnswer), "an answer is read by its protocol"
    refusal = judge_no_answer(called.phase, was_sent=called.was_sent, message=called.message)
    return refusal.failed
