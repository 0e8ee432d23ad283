"""`headrace dead-letters jobs`, and `job show | failed | pause | resume | cancel`."""

from typing import Annotated

import typer

from deploy.cli.client import Item, in_path
from deploy.cli.completing import offering
from deploy.cli.grouping import Verb, group_of
from deploy.cli.job_verbs import job_verbs
from deploy.cli.options import (
    AdminOption,
    LimitOption,
    Output,
    OutputOption,
    TokenOption,
    choose,
)
from deploy.cli.output import (
    Column,
    age,
    draw_fields,
    draw_table,
    moment,
    number,
    present,
    rate,
    seconds,
    show_answer,
    show_items,
)

COLUMNS = (
    Column("JOB", "id", whole=True),
    Column("STATE", "state", whole=True),
    Column("COUNT", "count", number, "right", whole=True),
    Column("DELIVERED", "delivered", number, "right", whole=True),
    Column("AGAIN", "failed_again", number, "right", whole=True),
    Column("WAITING", "waiting", number, "right", whole=True),
    Column("LEFT", "left", number, "right", whole=True),
    Column("AGE", "began_at", age, "right", whole=True),
    Column("TO", "to"),
    Column("BY", "by"),
)
FIELDS = (
    Column("job", "id"),
    Column("state", "state"),
    Column("why", "why"),
    Column("broker", "broker"),
    Column("to sink", "to_sink"),
    Column("to all of broker", "to_broker"),
    Column("dead letters", "count", number),
    Column("sent", "started", number),
    Column("delivered", "delivered", number),
    Column("failed again", "failed_again", number),
    Column("waiting", "waiting", number),
    Column("refused", "refused", number),
    Column("taken away", "other", number),
    Column("left", "left", number),
    Column("at most, per second", "rate", rate),
    Column("now, per second", "per_second", rate),
    Column("time left", "seconds_left", seconds),
    Column("canary", "canary", number),
    Column("begun", "began_at", moment),
    Column("by", "by"),
    Column("reason", "reason"),
    Column("ended", "ended_at", moment),
)
FAILED = (
    Column("FAILED AGAIN", "count", number, "right", whole=True),
    Column("GROUP", "group", whole=True),
)
FAILED_IDS = (
    Column("DEAD LETTER", "id", whole=True),
    Column("GROUP", "group", whole=True),
)

JobArgument = Annotated[
    str,
    typer.Argument(
        metavar="JOB",
        help="Its id, as `jobs` lists it.",
        autocompletion=offering("/redrive-jobs", "state"),
    ),
]
HELPS = {
    "pause": """Send no more for now; what is under way goes on.

    \b
    Example:
      headrace dead-letters job pause 260301-093000-3f2a --reason "the sink is slow today"
    """,
    "resume": """Let a paused redrive go on where it was.

    \b
    Example:
      headrace dead-letters job resume 260301-093000-3f2a
    """,
    "cancel": """Leave the rest on the desk as it is; what is under way ends by itself.

    \b
    Example:
      headrace dead-letters job cancel 260301-093000-3f2a --reason "the wrong model"
    """,
}


def job_group() -> typer.Typer:
    """What is below `dead-letters job`."""
    looking: dict[str, Verb] = {"show": show, "failed": failed}
    return group_of(job, looking | job_verbs("/redrive-jobs", JobArgument, HELPS, sentence))


def jobs(
    context: typer.Context,
    limit: LimitOption = 50,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """List redrives: those under way first, then the latest that have ended.

    \b
    Example:
      headrace dead-letters jobs
    """
    chosen = choose(context, admin, token, output)
    found = chosen.client().items("/redrive-jobs", None, limit)
    shown = [flat(one) for one in found] if chosen.format is Output.TABLE else found
    show_items(shown, COLUMNS, chosen.format, "redrives")


def job(context: typer.Context) -> None:
    """Show how far a redrive is; or pause it, let it go on, or leave the rest as it is.

    \b
    Examples:
      headrace dead-letters job show 260301-093000-3f2a
      headrace dead-letters job cancel 260301-093000-3f2a --reason "the wrong model"
    """
    if context.invoked_subcommand is None:
        raise typer.BadParameter("say one of: show, failed, pause, resume, cancel")


def show(
    context: typer.Context,
    job: JobArgument,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Show how far a redrive is: delivered, failed again, waiting, left.

    \b
    Example:
      headrace dead-letters job show 260301-093000-3f2a
    """
    chosen = choose(context, admin, token, output)
    show_answer(chosen.client().get(f"/redrive-jobs/{in_path(job)}"), chosen.format, _draw)


def failed(
    context: typer.Context,
    job: JobArgument,
    limit: LimitOption = 50,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """List what failed again in a redrive, each with the group that it is of since.

    \b
    Example:
      headrace dead-letters job failed 260301-093000-3f2a
    """
    chosen = choose(context, admin, token, output)
    found = chosen.client().items(f"/redrive-jobs/{in_path(job)}/failed", None, limit)
    show_items(found, FAILED_IDS, chosen.format, "dead letters that failed again")


def flat(item: Item) -> Item:
    """A job with its tally beside the rest, and where it goes if not to its own triggers."""
    broker = item["to_broker"]
    to = item["to_sink"] or (f"all of {broker}" if broker else None)
    return {**item, **item["tally"], "to": to}


def _draw(item: Item) -> None:
    draw_fields(present(flat(item), FIELDS))
    if item["failed_by_group"]:
        draw_table(item["failed_by_group"], FAILED)


def sentence(item: Item) -> str:
    """How a job stands: what was sent, what came of it, and what is left."""
    tally = item["tally"]
    parts = [f"{tally['started']:,} redriven"]
    for count, what in (
        (tally["delivered"], "delivered"),
        (tally["failed_again"], "failed again"),
        (tally["waiting"], "still on their way"),
        (tally["other"], "taken away meanwhile"),
        (tally["refused"], f"left as they were ({_whys(item)})"),
        (item["left"], "not sent"),
    ):
        if count:
            parts.append(f"{count:,} {what}")
    why = f": {item['why']}" if item["why"] else ""
    is_usual = item["state"] == "done"
    return ", ".join(parts) + ("" if is_usual else f"; job {item['id']} is {item['state']}{why}")


def _whys(item: Item) -> str:
    return ", ".join(sorted(item["refused_by"]))
