"""Decide: what becomes of one delivery after one attempt. Pure; time and chance are arguments.

| outcome class     | attempt used | becomes                                             |
| ----------------- | ------------ | --------------------------------------------------- |
| (delivered)       | yes          | done                                                |
| transient suspect | yes          | parked; dead `attempts` when `retry` is used up     |
| overload          | no           | parked, the wait doubles; Retry-After holds the sink |
| not_ready         | no           | parked, the wait doubles                            |
| bad_input         | yes          | dead                                                |
| config            | no           | held, and the trigger is paused                     |
| any, `is_held`    | no           | held: it goes back to its lane, nothing is written  |
| any, apart        | no           | parked until its variant may be back; does not age  |

A reason in the outcome itself is that of its dead letter. Where an outcome brings waits of its
own, they count in place of `retry` and backoff. Whatever would be tried again after
`max_age_seconds` is dead, `age`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from broker.delivery import (
    DONE,
    Dead,
    Failed,
    Held,
    Outcome,
    OutcomeClass,
    Parked,
    Reason,
    Settlement,
)
from triggers.trigger import DeliveryPolicy

APART = "its variant is away: no attempt used"
KEEPS_ATTEMPT = frozenset({OutcomeClass.OVERLOAD, OutcomeClass.NOT_READY})


@dataclass(frozen=True, slots=True)
class Tried:
    """The attempt that was just made: its number (from 1), and what came before it.

    `wait_seconds` is the wait chosen before it (0 before the first; of waits for its variant
    their sum); `age_seconds` is the time since the first attempt began, pauses excepted. `alike`
    is how many attempts before it ended in the same class.
    """

    attempt: int
    wait_seconds: float = 0.0
    age_seconds: float = 0.0
    alike: int = 0


def decide(
    outcome: Outcome, tried: Tried, policy: DeliveryPolicy, now: datetime, jitter: float
) -> Settlement:
    """What becomes of the delivery. `jitter` is drawn by the caller from 0..1."""
    if not isinstance(outcome, Failed):
        return DONE
    if outcome.is_held:
        return Held(outcome.pause)
    if outcome.parked_seconds is not None and outcome.apart_max_seconds is not None:
        if tried.wait_seconds >= outcome.apart_max_seconds:
            return Dead(Reason.NOT_READY)
        return _park_apart(outcome.parked_seconds, tried, policy, now, jitter)
    if outcome.parked_seconds is not None:
        return _park_for_work(outcome, outcome.parked_seconds, tried, now)
    if outcome.reason is not None:
        return Dead(outcome.reason, outcome.pause)
    if outcome.outcome_class is OutcomeClass.BAD_INPUT:
        return Dead(Reason.BAD_INPUT, outcome.pause)
    if outcome.outcome_class is OutcomeClass.CONFIG:
        return Held(pause=True)
    if outcome.waits_seconds is not None:
        return _park_by_waits(outcome, outcome.waits_seconds, tried, policy, now, jitter)
    keeps = outcome.outcome_class in KEEPS_ATTEMPT
    if not keeps and tried.attempt > policy.retry:
        return Dead(Reason.ATTEMPTS, outcome.pause)
    return park(outcome, tried, policy, now, jitter)


def _park_for_work(failed: Failed, seconds: float, tried: Tried, now: datetime) -> Parked:
    """It waits for what it has begun; Retry-After spares the sink others like it meanwhile."""
    return Parked(
        until=now + timedelta(seconds=seconds),
        attempt=tried.attempt,
        wait_seconds=seconds,
        why=failed.message,
        hold_seconds=failed.retry_after_seconds,
        ages=False,
    )


def _park_apart(
    seconds: float, tried: Tried, policy: DeliveryPolicy, now: datetime, jitter: float
) -> Parked:
    """It waits for its variant, and looks less often the longer that takes."""
    wait = max(seconds, min(tried.wait_seconds, policy.backoff_max_seconds)) * (1.0 + 0.1 * jitter)
    waited_seconds = tried.wait_seconds + wait
    return Parked(now + timedelta(seconds=wait), tried.attempt, waited_seconds, APART, ages=False)


def _park_by_waits(
    outcome: Failed,
    waits_seconds: tuple[float, ...],
    tried: Tried,
    policy: DeliveryPolicy,
    now: datetime,
    jitter: float,
) -> Parked | Dead:
    """As the sink says how often and how long: up to a tenth later, so that none come together."""
    if tried.alike >= len(waits_seconds):
        return Dead(Reason.ATTEMPTS, outcome.pause)
    wait = waits_seconds[tried.alike] * (1.0 + 0.1 * jitter)
    if tried.age_seconds + wait >= policy.max_age_seconds:
        return Dead(Reason.AGE, outcome.pause)
    return Parked(now + timedelta(seconds=wait), tried.attempt + 1, wait, "waits of the sink")


def park(
    outcome: Failed, tried: Tried, policy: DeliveryPolicy, now: datetime, jitter: float
) -> Parked | Dead:
    """The wait before the next attempt, unless it would begin after the delivery's last hour."""
    keeps = outcome.outcome_class in KEEPS_ATTEMPT
    longest = (
        min(policy.backoff_max_seconds, max(policy.backoff_delay_seconds, 2 * tried.wait_seconds))
        if keeps
        else longest_wait_seconds(policy, tried.attempt)
    )
    wait = longest * (0.5 + 0.5 * jitter)
    why: str = (
        "the sink is overloaded or asleep: no attempt used" if keeps else policy.backoff_policy
    )
    hold: float | None = None
    if outcome.retry_after_seconds is not None:
        wished = wished_wait_seconds(outcome.retry_after_seconds, policy, jitter)
        hold = wished
        if wished > wait:
            wait, why = wished, f"Retry-After {outcome.retry_after_seconds:g} s"
    if tried.age_seconds + wait >= policy.max_age_seconds:
        return Dead(Reason.AGE, outcome.pause)
    return Parked(
        until=now + timedelta(seconds=wait),
        attempt=tried.attempt if keeps else tried.attempt + 1,
        wait_seconds=max(longest, wait),
        why=why,
        hold_seconds=hold,
    )


def longest_wait_seconds(policy: DeliveryPolicy, retry: int) -> float:
    """The wait before retry number `retry` (1 = the first), capped, before jitter.

    Source: Knative Eventing data plane, delivery spec, backoffPolicy; the cap is ours.
    """
    if policy.backoff_policy == "linear":
        return min(policy.backoff_max_seconds, policy.backoff_delay_seconds * retry)
    # 2**60 s is beyond any cap; the bound keeps a large retry number from overflowing.
    factor = 2.0 ** min(retry - 1, 60)
    return min(policy.backoff_max_seconds, policy.backoff_delay_seconds * factor)


def wished_wait_seconds(retry_after: float, policy: DeliveryPolicy, jitter: float) -> float:
    """The sink's wish plus up to 10 %, so that a herd told one time does not come at once."""
    if retry_after > policy.retry_after_max_seconds:
        return policy.retry_after_max_seconds * (0.9 + 0.1 * jitter)
    return min(policy.retry_after_max_seconds, retry_after * (1.0 + 0.1 * jitter))
