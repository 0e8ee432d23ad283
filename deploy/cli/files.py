"""`headrace files`, and `files show | pause | resume | cancel | retry-errors JOB`."""

from datetime import timedelta
from typing import Annotated, Any

import typer

from deploy.cli.client import Item, full_name, in_path
from deploy.cli.completing import offering
from deploy.cli.grouping import group_of
from deploy.cli.job_verbs import job_verbs
from deploy.cli.options import (
    AdminOption,
    LimitOption,
    OutputOption,
    TokenOption,
    choose,
)
from deploy.cli.output import (
    Column,
    age,
    draw_fields,
    draw_table,
    elapsed,
    heading,
    moment,
    number,
    present,
    rate,
    show_answer,
    show_items,
    size,
)

BAR_CHARACTERS = 10
SHORT_ID_CHARACTERS = 8  # the commands take the beginning of an id
JobArgument = Annotated[
    str,
    typer.Argument(
        metavar="JOB",
        help="Its id, or how that begins.",
        autocompletion=offering("/files", "input"),
    ),
]
TriggerOption = Annotated[
    str | None,
    typer.Option(
        "--trigger",
        metavar="NAME",
        help="Only this trigger's jobs.",
        autocompletion=offering("/triggers", "state", "name"),
    ),
]
StateOption = Annotated[
    str | None, typer.Option("--state", metavar="STATE", help="Only those in this state.")
]


def bar(share: Any) -> str:
    """`####------  40 %`"""
    if not isinstance(share, int | float):
        return "-"
    full = min(BAR_CHARACTERS, int(share * BAR_CHARACTERS))
    return f"{'#' * full}{'-' * (BAR_CHARACTERS - full)} {share:4.0%}"


def left(seconds: Any) -> str:
    return elapsed(timedelta(seconds=float(seconds)))


def short(id: Any) -> str:
    return str(id)[:SHORT_ID_CHARACTERS]


COLUMNS = (
    Column("JOB", "id", short, whole=True),
    Column("STATE", "state", whole=True),
    Column("DONE", "share", bar, whole=True),
    Column("ROWS", "rows", number, "right", whole=True),
    Column("FAILED", "failed", number, "right", whole=True),
    Column("RATE", "rate", rate, "right", whole=True),
    Column("LEFT", "seconds_left", left, "right", whole=True),
    Column("AGE", "created_at", age, "right", whole=True),
    Column("FILE", "input", width_wanted=16),
)
FIELDS = (
    Column("job", "id"),
    Column("state", "state"),
    Column("reason", "reason"),
    Column("why", "message"),
    Column("file", "input"),
    Column("size", "bytes", size),
    Column("trigger", "trigger"),
    Column("broker", "broker"),
    Column("sink", "sink"),
    Column("model", "model"),
    Column("version", "model_version"),
    Column("done", "share", bar),
    Column("records", "rows", number),
    Column("of about", "total", number),
    Column("predicted", "ok", number),
    Column("failed", "failed", number),
    Column("skipped", "skipped", number),
    Column("records, per second", "rate", rate),
    Column("time left", "seconds_left", left),
    Column("redriven", "redrives", number),
    Column("accepted", "created_at", moment),
    Column("begun", "started_at", moment),
    Column("ended", "ended_at", moment),
)
OUTPUTS = (
    Column("FILE", "place"),
    Column("SIZE", "bytes", size, "right", whole=True),
    Column("SHA-256", "sha256", lambda text: str(text)[:16], whole=True),
)
HELPS = {
    "pause": """Begin no more chunks; what is done is kept, over restarts too.

    \b
    Example:
      headrace files pause h63nrt6f --reason "the model is needed elsewhere"
    """,
    "resume": """Let a job that was paused, or has failed, go on where it stopped.

    The dead letter of a failed one stays: redriving that lets its job go on, too.

    \b
    Example:
      headrace files resume h63nrt6f
    """,
    "cancel": """End a job and remove its parts; its event becomes a dead letter.

    \b
    Example:
      headrace files cancel h63nrt6f --reason "the wrong file"
    """,
    "retry-errors": """Try again what failed, of a job that has ended or is paused.

    Of a completed job only the records are predicted that had failed, and joined into its output.
    All of them are where the output does not tell which row is whose: after somebody has changed
    it, in Parquet, and with order: completion or onRecordError: skip. Of other jobs the chunks in
    which records failed are done again.

    \b
    Example:
      headrace files retry-errors h63nrt6f --reason "the model is mended"
    """,
}


def group() -> typer.Typer:
    """`files` by itself lists; below it are the commands about one job."""
    return group_of(files, {"show": show, **job_verbs("/files", JobArgument, HELPS, _sentence)})


def files(
    context: typer.Context,
    trigger: TriggerOption = None,
    state: StateOption = None,
    limit: LimitOption = 50,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """List the file jobs: those under way first, then the latest that have ended.

    RATE is records a second since the job last began, LEFT how long it will take at that. The
    state is one of: waiting, running, paused; completed, failed, cancelled, superseded (the file
    was overwritten, or is read or written in another way by now).

    \b
    Examples:
      headrace files
      headrace files --state failed
      headrace files show h63nrt6f
    """
    chosen = choose(context, admin, token, output)
    if context.invoked_subcommand is not None:
        return
    query = {"trigger": full_name(trigger) if trigger else None, "state": state}
    found = chosen.client().items("/files", query, limit)
    show_items(found, COLUMNS, chosen.format, "file jobs")


def show(
    context: typer.Context,
    job: JobArgument,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Show all of one file job: how far it is, what came of its records, what it has written.

    \b
    Example:
      headrace files show h63nrt6f
    """
    chosen = choose(context, admin, token, output)
    show_answer(chosen.client().get(f"/files/{in_path(job)}"), chosen.format, _draw)


def _draw(job: Item) -> None:
    draw_fields(present(job, FIELDS))
    if job["outputs"]:
        heading("written")
        draw_table(job["outputs"], OUTPUTS)


def _sentence(job: Item) -> str:
    unchanged = " already" if job["changed"] is False else ""
    return (
        f"file job {short(job['id'])} is {job['state']}{unchanged}: {job['ok']:,} predicted, "
        f"{job['failed'] + job['skipped']:,} failed"
    )
