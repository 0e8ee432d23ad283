"""What an HTTP status means for a delivery to a plain subscriber."""

from broker.delivery import OutcomeClass

_RETRIED_CLIENT_ERRORS = frozenset((404, 408, 409, 429))
GONE = 410
TOO_MANY_REQUESTS = 429


def is_delivered(status: int) -> bool:
    return 200 <= status < 300


def is_retried(status: int | None) -> bool:
    """Whether the delivery may be tried again; None is no answer, or one nobody can read."""
    return status is None or status >= 500 or status in _RETRIED_CLIENT_ERRORS


def outcome_class(status: int | None) -> OutcomeClass:
    if status is not None and is_delivered(status):
        return OutcomeClass.OK
    if status == TOO_MANY_REQUESTS:
        return OutcomeClass.OVERLOAD
    if status == GONE:
        return OutcomeClass.CONFIG
    return OutcomeClass.TRANSIENT if is_retried(status) else OutcomeClass.BAD_INPUT
