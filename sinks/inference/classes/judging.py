"""The judge: an answer that is no success to a Refusal; what was configured goes first."""

from collections.abc import Sequence
from datetime import datetime

from broker.delivery import Failed, OutcomeClass
from sinks.http_outcome import evidence_of, said
from sinks.inference.classes.any_server import ANY
from sinks.inference.classes.row import READ_BYTES_MAX, Row
from sinks.inference.classes.servers import BY_PROTOCOL, BY_SERVER
from sinks.inference.protocol import ModelAnswer, Refusal
from sinks.inference_spec import ClassifyRule
from sinks.retry_after import retry_after_seconds

_USES_ATTEMPT = (OutcomeClass.BAD_INPUT, OutcomeClass.TRANSIENT, OutcomeClass.SUSPECT)


class Judge:
    """For one server, or for one that nobody knows (`auto`). `rules` are the user's."""

    def __init__(self, server: str, protocol: str, rules: Sequence[ClassifyRule] = ()) -> None:
        own = BY_PROTOCOL.get(protocol, ()) if server == "auto" else BY_SERVER.get(server, ())
        self._rows = (*own, *ANY)
        self._rules = rules
        self._hints = protocol == "openai"

    def has_rule(self, answer: ModelAnswer) -> bool:
        """Whether the user says what this answer means; a success may be a failure then."""
        return self._rule(answer) is not None

    def judge(self, answer: ModelAnswer, events: int, now: datetime) -> Refusal:
        """`events` is how many the request had; `now` dates a Retry-After."""
        rule = self._rule(answer)
        if rule is not None:
            return refusal(answer, rule.outcome_class, now)
        text = _text(answer)
        row = next(
            (row for row in self._rows if row.fits(answer, text, events)),
            Row(answer.status, OutcomeClass.SUSPECT),
        )
        batch_max = row.batch_max(text, events) if row.batch_max else None
        return refusal(answer, self._hinted(row, answer), now, batch_max, row.is_missing)

    def suspect(self, answer: ModelAnswer, why: str) -> Refusal:
        """A 2xx that cannot be used: one event's fault, or the server's; nobody can tell."""
        message = f"the model answered {answer.status}, but {why}"
        return Refusal(_failed(answer, OutcomeClass.SUSPECT, message, None))

    def _rule(self, answer: ModelAnswer) -> ClassifyRule | None:
        """One without a status is for refusals: a success it must name by its status."""
        is_success = 200 <= answer.status < 300
        for rule in self._rules:
            of_status = not is_success if rule.status is None else rule.status == answer.status
            if of_status and (rule.body_contains or "") in _text(answer):
                return rule
        return None

    def _hinted(self, row: Row, answer: ModelAnswer) -> OutcomeClass:
        """`x-should-retry` is OpenAI's word on an attempt; where none is used it adds nothing."""
        hint = answer.header("x-should-retry").lower()
        if not self._hints or row.outcome_class not in _USES_ATTEMPT:
            return row.outcome_class
        if hint == "true":
            return OutcomeClass.TRANSIENT
        return OutcomeClass.BAD_INPUT if hint == "false" else row.outcome_class


def refusal(
    answer: ModelAnswer,
    found: OutcomeClass,
    now: datetime,
    batch_max: int | None = None,
    is_missing: bool = False,
) -> Refusal:
    """A Refusal of a class, with what the answer shows and asks for."""
    wished = answer.header("retry-after")
    seconds = retry_after_seconds(wished, now, answer.header("date")) if wished else None
    message = f"the model answered {answer.status}{said(answer.body)}"
    return Refusal(_failed(answer, found, message, seconds), batch_max, is_missing)


def _failed(
    answer: ModelAnswer, found: OutcomeClass, message: str, seconds: float | None
) -> Failed:
    headers = [
        (name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
        for name, value in answer.headers
    ]
    return Failed(
        found,
        message,
        status=answer.status,
        retry_after_seconds=seconds,
        evidence=evidence_of(headers, answer.body),
        pause=found is OutcomeClass.CONFIG,
    )


def _text(answer: ModelAnswer) -> str:
    return answer.body[:READ_BYTES_MAX].decode("utf-8", "replace")
