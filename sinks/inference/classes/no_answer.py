"""What it means that no answer came: by the phase that failed, and whether anything was sent."""

from broker.delivery import Evidence, Failed, OutcomeClass, Reason
from sinks.inference.protocol import Refusal

_BEFORE_SENDING = frozenset({"dns", "connect", "tls"})


def judge_no_answer(
    phase: str, *, was_sent: bool, message: str = "no answer", is_resent: bool = True
) -> Refusal:
    """`phase` is dns, connect, tls, write, read or timeout; `message` says what happened.

    What comes here is final: connecting again after a refusal, or once more after the end of a
    reused connection, is the sender's. A call that was sent and broke off while the model was
    woken is as any other: the attempt is used, so that no event can end the sink for ever.
    `is_resent` false: what was sent is never sent again, and the event is dead.
    """
    evidence = Evidence(phase=phase)
    if phase == "tls" and "certificate" in message:
        what = f"{message}; mend the certificate, or spec.tls"
        return Refusal(Failed(OutcomeClass.CONFIG, what, evidence=evidence, pause=True))
    if phase in _BEFORE_SENDING or not was_sent:
        # Nobody listens: the model starts, sleeps or is replaced.
        return Refusal(Failed(OutcomeClass.NOT_READY, message, evidence=evidence))
    if is_resent:
        return Refusal(Failed(OutcomeClass.TRANSIENT, message, evidence=evidence))
    what = f"{message}; it was sent, and resend is never"
    return Refusal(Failed(OutcomeClass.TRANSIENT, what, evidence=evidence, reason=Reason.ATTEMPTS))
