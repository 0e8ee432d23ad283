"""What an answer means for its delivery: a pure function from answer to outcome."""

from datetime import datetime

import orjson

from broker.codec import Limits, decode_binary, decode_structured, mode
from broker.delivery import Delivered, Evidence, Failed, Outcome, OutcomeClass, Reason
from broker.errors import Invalid, TooLarge
from broker.event import Event
from sinks.http_call import Answer, Headers, NoAnswer
from sinks.http_status import GONE, outcome_class
from sinks.retry_after import retry_after_seconds

EVIDENCE_BYTES_MAX = 4_096
_EVIDENCE_VALUE_CHARACTERS_MAX = 1_024
_EVIDENCE_HEADERS_MAX = 32
_SAID_BYTES_MAX = 200
_WORDS = ("detail", "error", "message", "title")
_CLOUDEVENTS = b"application/cloudevents"
_HOP_BY_HOP = (
    b"connection keep-alive te trailer transfer-encoding upgrade proxy-connection"  # RFC 9110 7.6.1
)
_CREDENTIALS = (
    b"authorization authentication-info cookie set-cookie set-cookie2 www-authenticate x-api-key"
    b" proxy-authenticate proxy-authorization proxy-authentication-info"
)
_NO_EVIDENCE = frozenset(_HOP_BY_HOP.split() + _CREDENTIALS.split())


class Answers:
    """Reads the answers of one subscriber; replies within `limits`."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def body_limit(self, status: int, headers: Headers) -> int:
        """How many body bytes are worth keeping: a reply's, or only the evidence."""
        if status in (200, 201) and _claims_event(headers):
            return self._limits.event_bytes
        return EVIDENCE_BYTES_MAX

    def outcome(self, result: Answer | NoAnswer, now: datetime) -> Outcome:
        """The outcome of one attempt; `now` dates its Retry-After."""
        if isinstance(result, NoAnswer):
            evidence = Evidence(phase=result.phase)
            return Failed(OutcomeClass.TRANSIENT, result.message, evidence=evidence)
        if not 200 <= result.status < 300:
            return _refusal(result, now)
        if result.status in (200, 201) and _claims_event(result.headers):
            return self._reply(result)
        return Delivered(None, result.status, bool(result.body))

    def _reply(self, answer: Answer) -> Outcome:
        evidence = evidence_of(answer.headers, answer.body)
        if answer.cut:
            what = f"the reply is over {self._limits.event_bytes} bytes"
            return _bad_reply(answer, what, Reason.TOO_LARGE, evidence)
        try:
            return Delivered(_decode(answer, self._limits), answer.status)
        except TooLarge as error:
            return _bad_reply(answer, f"the reply: {error}", Reason.TOO_LARGE, evidence)
        except Invalid as error:
            if _is_other_version(answer):
                return Delivered(None, answer.status, ignored_body=True)
            what = f"the reply is no CloudEvent 1.0: {error}"
            return _bad_reply(answer, what, Reason.REPLY_REFUSED, evidence)


def _claims_event(headers: Headers) -> bool:
    """Whether an answer says that it is a CloudEvent 1.0 (CloudEvents HTTP binding 3)."""
    for name, value in headers:
        lowered = name.lower()
        if lowered == b"ce-specversion":
            # Model servers stamp 0.3 on each answer: such headers say nothing to a 1.0 reader.
            return value.strip() == b"1.0"
        if lowered == b"content-type" and value[:23].lower() == _CLOUDEVENTS:
            return True
    return False


def _decode(answer: Answer, limits: Limits) -> Event:
    headers = [(name.lower(), value) for name, value in answer.headers]
    content_type = next((value for name, value in headers if name == b"content-type"), None)
    written = mode(content_type)
    if written == "binary":
        return decode_binary(headers, answer.body, limits)
    if written == "batch":
        raise Invalid("an answer is one event, not a batch", code="batch", where="content-type")
    return decode_structured(answer.body, limits)


def _is_other_version(answer: Answer) -> bool:
    """Whether a structured body says another specversion: then it claims no 1.0."""
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return False
    version = body.get("specversion") if isinstance(body, dict) else None
    return isinstance(version, str) and version != "1.0"


def _refusal(answer: Answer, now: datetime) -> Failed:
    """Retry-After and webhook-delivery are the sink's own words on what comes next."""
    status = answer.status
    wished = _header(answer.headers, b"retry-after")
    said_at = _header(answer.headers, b"date")
    verb = _header(answer.headers, b"webhook-delivery").strip().lower()
    found = outcome_class(status)
    message = f"the sink answered {status}{said(answer.body)}"
    if verb == "abort-message":
        found, message = OutcomeClass.BAD_INPUT, f"{message} and asked for no more of this event"
    elif verb == "disable":
        found, message = OutcomeClass.CONFIG, f"{message} and asked for no more events"
    is_final = found in (OutcomeClass.BAD_INPUT, OutcomeClass.CONFIG)
    return Failed(
        found,
        message,
        status=status,
        retry_after_seconds=retry_after_seconds(wished, now, said_at) if wished else None,
        evidence=evidence_of(answer.headers, answer.body),
        reason=Reason.REFUSED if is_final else None,
        pause=status == GONE or verb == "disable",
    )


def said(body: bytes) -> str:
    """The first words of an answer, on one line: failures are told apart by them.

    Of a JSON object that says in one usual member what is wrong, only that: of all else quoted,
    the fingerprint of a failure leaves nothing by which two could be told apart.
    """
    words = _words_of(body) or body[:_SAID_BYTES_MAX].decode("utf-8", "replace")
    line = " ".join(words[:_SAID_BYTES_MAX].split())
    printable = "".join(c if c.isprintable() else "?" for c in line)
    return f": {printable}" if printable else ""


def _words_of(body: bytes) -> str | None:
    """What a JSON object says is wrong, None where it is none or says it elsewhere.

    By the members of RFC 9457 and those that servers of models answer with.
    """
    if not body.startswith(b"{") or len(body) > EVIDENCE_BYTES_MAX:
        return None
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    for name in _WORDS:
        match told.get(name):
            case str(words) if words.strip():
                return words
            case {"message": str(words)}:
                return words
            case [{"loc": [*place], "msg": str(words)}, *_]:  # a refused field, as pydantic says it
                return f"{'.'.join(map(str, place))}: {words}"
    return None


def _bad_reply(answer: Answer, what: str, reason: Reason, evidence: Evidence) -> Failed:
    return Failed(
        OutcomeClass.BAD_INPUT, what, status=answer.status, evidence=evidence, reason=reason
    )


def _header(headers: Headers, wanted: bytes) -> str:
    found = (value for name, value in headers if name.lower() == wanted)
    return next(found, b"").decode("latin-1")


def evidence_of(headers: Headers, body: bytes) -> Evidence:
    """What is kept of an answer: no credentials, the first bytes of its body."""
    shown = [
        (name.decode("latin-1").lower(), value[:_EVIDENCE_VALUE_CHARACTERS_MAX].decode("latin-1"))
        for name, value in headers
        if name.lower() not in _NO_EVIDENCE
    ]
    return Evidence(headers=tuple(shown[:_EVIDENCE_HEADERS_MAX]), body=body[:EVIDENCE_BYTES_MAX])
