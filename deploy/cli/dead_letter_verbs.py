"""`headrace dead-letters redrive | discard | restore`: a plan, a question, the act."""

import sys
from typing import Annotated, Any

import typer

from broker.errors import Invalid
from deploy.cli.asking import confirm
from deploy.cli.client import Admin, Item, in_path
from deploy.cli.dead_letter_choice import (
    AbortOption,
    CanaryOption,
    DryRunOption,
    GroupOption,
    IdsArgument,
    NoWaitOption,
    PlanOption,
    RateOption,
    ToBrokerOption,
    ToSinkOption,
    WhereOption,
    find_plan,
    make_plan,
)
from deploy.cli.dead_letter_plan import show_plan
from deploy.cli.options import (
    AdminOption,
    BrokerOption,
    Chosen,
    OutputOption,
    ReasonOption,
    TokenOption,
    YesOption,
    choose,
)
from deploy.cli.output import counted, show_answer
from deploy.cli.progress import Progress
from deploy.cli.redrive_jobs import sentence
from deploy.cli.redriving import follow, go_through


def redrive(
    context: typer.Context,
    ids: IdsArgument = None,
    where: WhereOption = None,
    group: GroupOption = None,
    plan: PlanOption = None,
    rate: RateOption = None,
    canary: CanaryOption = None,
    abort_above: AbortOption = 0.2,
    to_sink: ToSinkOption = None,
    to_broker: ToBrokerOption = None,
    no_wait: NoWaitOption = False,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    reason: ReasonOption = "",
    broker: BrokerOption = None,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Deliver dead letters again, as a job, and follow each until delivered or dead again.

    One leaves the desk only when its sink has taken it; with --to-broker, when its event is
    stored for every trigger of that broker. Shows the plan and asks, unless they were named by
    ids or by a plan; with --to-broker it always asks.

    \b
    Examples:
      headrace dead-letters redrive --where "reason = 'attempts'" --dry-run
      headrace dead-letters redrive --where "trigger = 'classify'" --rate 20 --canary 5 --yes
      headrace dead-letters redrive --where "trigger = 'classify'" --to-sink archive --dry-run
      headrace dead-letters redrive --where "type = 'test'" --to-broker . --dry-run
    """
    chosen = choose(context, admin, token, output)
    client = chosen.client()
    if plan is not None:
        planned = find_plan(client, plan, ids, where, group, broker, to_sink, to_broker)
    else:
        aim = {"to_sink": to_sink, "to_broker": to_broker}
        planned = make_plan(client, "redrive", ids, where, group, broker, rate, **aim)
    pace = planned["rate"] if rate is None else rate
    if show_plan(chosen, planned, dry_run):
        _end(ids, planned)
        return
    if (not ids and plan is None) or planned["to_broker"]:
        confirm(_question(planned, pace), yes)
    options = {"rate": pace, "canary": canary, "abort_above": abort_above, "reason": reason}
    job = _act(client, planned, options)["job"]
    if not no_wait:
        job = _followed(client, job)
    show_answer({"plan": planned, "job": job}, chosen.format, lambda _: print(sentence(job)))
    if job["tally"]["failed_again"] or job["tally"]["refused"] or job["state"] == "aborted":
        raise typer.Exit(1)
    _end(ids, planned)


def _question(plan: Item, pace: float) -> str:
    """What will be done, to be said yes to."""
    what = f"redrive {counted(plan['count'], 'dead letter')}"
    if plan["to_broker"]:
        return (
            f"{what}, {pace:g} a second: every trigger of {plan['to_broker']} that matches gets"
            " them again?"
        )
    where = f" to {plan['to_sink']}" if plan["to_sink"] else ""
    return f"{what}{where}, {pace:g} a second?"


def _end(ids: list[str] | None, plan: Item) -> None:
    """With 1 where some that were named are not in the plan: its warning says so."""
    if ids and plan["count"] < len(set(ids)):
        raise typer.Exit(1)


def _followed(client: Admin, job: Item) -> Item:
    try:
        with Progress(job["count"], "redriving") as progress:
            return follow(client, job, progress)
    except KeyboardInterrupt:
        print(
            f"it goes on; end it with: headrace dead-letters job cancel {job['id']}",
            file=sys.stderr,
        )
        raise


def discard(
    context: typer.Context,
    reason: ReasonOption,
    ids: IdsArgument = None,
    where: WhereOption = None,
    group: GroupOption = None,
    plan: PlanOption = None,
    count: Annotated[
        int | None,
        typer.Option("--count", metavar="N", help="How many are meant, instead of being asked."),
    ] = None,
    dry_run: DryRunOption = False,
    broker: BrokerOption = None,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Give dead letters up: they can be restored for seven days, and then are gone.

    Shows the plan, and asks for their number to be typed.

    \b
    Examples:
      headrace dead-letters discard --where "trigger = 'classify'" --reason "tests" --dry-run
      headrace dead-letters discard --where "type = 'test'" --count 0 --reason "tests"
    """
    chosen = choose(context, admin, token, output)
    client = chosen.client()
    planned = _planned(client, "discard", plan, ids, where, group, broker)
    if count is not None and count != planned["count"]:
        raise _differing(planned, count)
    if show_plan(chosen, planned, dry_run):
        _end(ids, planned)
        return
    typed = _typed_count(planned) if count is None else count
    if typed != planned["count"]:
        raise _differing(planned, typed)
    acted = _act(client, planned, {"count": typed, "reason": reason})
    _tell(chosen, "discarded", go_through(client, acted["plan"], "discarding"))
    _end(ids, planned)


def restore(
    context: typer.Context,
    ids: IdsArgument = None,
    where: WhereOption = None,
    group: GroupOption = None,
    plan: PlanOption = None,
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    broker: BrokerOption = None,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Take discarded dead letters out of the bin again.

    \b
    Example:
      headrace dead-letters restore --where "trigger = 'classify'"
    """
    chosen = choose(context, admin, token, output)
    client = chosen.client()
    planned = _planned(client, "restore", plan, ids, where, group, broker)
    if show_plan(chosen, planned, dry_run):
        _end(ids, planned)
        return
    acted = _act(client, planned, {"reason": reason})
    _tell(chosen, "restored", go_through(client, acted["plan"], "restoring"))
    _end(ids, planned)


def _planned(
    client: Admin,
    verb: str,
    plan: str | None,
    ids: list[str] | None,
    where: str | None,
    group: str | None,
    broker: str | None,
) -> Item:
    """The plan that is named, or one that is made of what is meant."""
    if plan is not None:
        return find_plan(client, plan, ids, where, group, broker)
    return make_plan(client, verb, ids, where, group, broker)


def _act(client: Admin, plan: Item, options: dict[str, Any]) -> Item:
    return client.post(f"/dead-letters/plans/{in_path(plan['id'])}/act", options)


def _differing(plan: Item, count: int) -> Invalid:
    return Invalid(
        f"{plan['count']} are meant, not {count}: nothing was done",
        code="count-differs",
        remedy="look at them with --dry-run",
    )


def _typed_count(plan: Item) -> int:
    """The number that whoever sits there types. Raises Invalid where nobody does."""
    question = f"{plan['count']:,} are meant; type their number to discard them: "
    if not sys.stdin.isatty():
        raise Invalid(question.rstrip(": "), code="not-confirmed", remedy="say it with --count N")
    print(question, end="", file=sys.stderr, flush=True)
    typed = sys.stdin.readline().strip().replace(",", "")
    return int(typed) if typed.isdecimal() else -1


def _tell(chosen: Chosen, done: str, plan: Item) -> None:
    """What was done; ends with 1 where some were left as they were."""
    outcome = plan["outcome"]
    refused = ", ".join(f"{count:,} {why}" for why, count in outcome["refused"].items())
    text = f"{outcome['moved']:,} {done}" + (f"; left as they were: {refused}" if refused else "")
    show_answer({"plan": plan}, chosen.format, lambda _: print(text))
    if refused:
        raise typer.Exit(1)
