"""What is refused before a plan is acted on. Pure."""

from broker.errors import Invalid
from triggers.redrive.aim import OWN, Aim
from triggers.redrive.job import Options
from triggers.redrive.plan import RATE_PER_SECOND_MAX, Plan

CANARY_MAX = 1_000


def check_rate(rate_per_second: float) -> None:
    if not 0 < rate_per_second <= RATE_PER_SECOND_MAX:
        raise Invalid(
            f"nothing is redriven at {rate_per_second:g} a second",
            code="bad-rate",
            where="rate",
            remedy=f"ask for more than 0 and at most {RATE_PER_SECOND_MAX:g}",
        )


def check_options(options: Options, aim: Aim = OWN) -> None:
    if options.canary and aim.broker is not None:
        raise Invalid(
            "there is no canary where events are published: no sink is tried by it",
            code="bad-canary",
            where="canary",
            remedy="leave it out; a low rate, and a cancel, hold the rest back",
        )
    check_rate(options.rate_per_second)
    if options.canary is not None and not 0 <= options.canary <= CANARY_MAX:
        raise Invalid(
            f"{options.canary} is no size of a canary",
            code="bad-canary",
            where="canary",
            remedy=f"ask for at most {CANARY_MAX}, or 0 for none",
        )
    if not 0 <= options.abort_above <= 1:
        raise Invalid(
            f"{options.abort_above:g} is no share of first attempts",
            code="bad-abort",
            where="abort_above",
            remedy="ask for something from 0 to 1, such as 0.2; 1 never aborts",
        )


def check_plan(plan: Plan | None, id: str, verb: str) -> Plan:
    """The plan, if there is one and it is for `verb`."""
    if plan is None:
        raise Invalid(
            f"no plan {id[:64]}: plans are kept for an hour",
            code="not-found",
            remedy="make it again, and look at what it is about now",
        )
    if plan.verb != verb:
        raise Invalid(
            f"plan {id} is made to {plan.verb}, not to {verb}",
            code="bad-verb",
            remedy=f"make a plan to {verb}",
        )
    return plan
