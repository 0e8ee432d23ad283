"""Evidence: what is kept of the attempts of a delivery, all there is to see and bounded. Pure."""

from datetime import datetime, timedelta

from broker.delivery import Attempt, Failed, Parked, Settlement
from broker.storage.rows import ParkedRow
from triggers.policy import APART

ATTEMPTS_KEPT = 32


def attempt_of(
    number: int,
    failed: Failed,
    duration_seconds: float,
    settlement: Settlement,
    now: datetime,
    sink: str = "",
) -> Attempt:
    """What one failed attempt, that has just ended, leaves behind."""
    parked = settlement if isinstance(settlement, Parked) else None
    return Attempt(
        number=number,
        started_at=now - timedelta(seconds=duration_seconds),
        duration_seconds=round(duration_seconds, 6),
        outcome_class=failed.outcome_class.value,
        status=failed.status,
        message=failed.message,
        phase=failed.evidence.phase,
        headers=failed.evidence.headers,
        body=failed.evidence.body,
        wait_seconds=round((parked.until - now).total_seconds(), 3) if parked else None,
        why=parked.why if parked else "",
        sink=sink,
    )


def first_of(row: ParkedRow | None, attempts: tuple[Attempt, ...], now: datetime) -> datetime:
    """When the first attempt began; `now` where there was none."""
    if row is not None:
        return row.first_at
    return attempts[0].started_at if attempts else now


def alike_of(row: ParkedRow, failed: Failed) -> int:
    """How many attempts since the last redrive ended in the class of `failed`."""
    name, before = failed.outcome_class.value, row.attempts_before
    return sum(one.outcome_class == name and one.number > before for one in row.attempts)


def waits_apart(row: ParkedRow | None) -> bool:
    """Whether it was parked only because its variant of the sink was away."""
    return row is not None and bool(row.attempts) and row.attempts[-1].why == APART


def waited_seconds_of(row: ParkedRow, failed: Failed) -> float:
    """The wait before `failed`; waits for a variant and for other causes do not add up."""
    is_apart = failed.apart_max_seconds is not None
    return row.wait_seconds if waits_apart(row) is is_apart else 0.0


def keep_attempts(attempts: tuple[Attempt, ...]) -> tuple[Attempt, ...]:
    """The first attempt and the latest ones; of waits for a variant in a row the last."""
    if len(attempts) > 1 and attempts[-1].why == attempts[-2].why == APART:
        attempts = (*attempts[:-2], attempts[-1])
    if len(attempts) <= ATTEMPTS_KEPT:
        return attempts
    return (attempts[0], *attempts[-(ATTEMPTS_KEPT - 1) :])
