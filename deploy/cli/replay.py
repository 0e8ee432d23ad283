"""`headrace replay`: deliver stored events again; `replay list|show|pause|resume|cancel`."""

import sys
from datetime import UTC, datetime
from typing import Any

import typer

from broker.errors import Invalid
from deploy.cli.asking import confirm
from deploy.cli.client import Item, full_name, in_path
from deploy.cli.grouping import group_of
from deploy.cli.job_verbs import tell
from deploy.cli.moments import ago
from deploy.cli.options import (
    AdminOption,
    Chosen,
    LimitOption,
    OutputOption,
    ReasonOption,
    TokenOption,
    YesOption,
    choose,
)
from deploy.cli.output import (
    Column,
    age,
    draw_fields,
    moment,
    number,
    present,
    seconds,
    show_answer,
    show_items,
)
from deploy.cli.output import rate as rate_text
from deploy.cli.replay_following import follow, question
from deploy.cli.replay_options import (
    FilterOption,
    FromOption,
    IdOption,
    InOrderOption,
    JobArgument,
    NoWaitOption,
    RateOption,
    ToOption,
    ToSinkOption,
    TriggerOption,
)
from deploy.cli.replay_verbs import replay_verbs, sentence

COLUMNS = (
    Column("REPLAY", "id", whole=True),
    Column("STATE", "state", whole=True),
    Column("PASSED", "passed", number, "right", whole=True),
    Column("OF", "total", number, "right", whole=True),
    Column("DELIVERED", "delivered", number, "right", whole=True),
    Column("DEAD", "dead", number, "right", whole=True),
    Column("AGE", "created_at", age, "right", whole=True),
    Column("TRIGGER", "trigger", width_wanted=16),
)
FIELDS = (
    Column("replay", "id"),
    Column("state", "state"),
    Column("why", "why"),
    Column("trigger", "trigger"),
    Column("broker", "broker"),
    Column("sink", "sink"),
    Column("to another sink", "to_sink"),
    Column("from offset", "from_offset", number),
    Column("to offset", "to_offset", number),
    Column("filter", "filter"),
    Column("at most, per second", "rate", rate_text),
    Column("passed", "passed", number),
    Column("of", "total", number),
    Column("matched", "matched", number),
    Column("delivered", "delivered", number),
    Column("dead", "dead", number),
    Column("discarded", "discarded", number),
    Column("parked", "parked", number),
    Column("waiting for order", "waiting", number),
    Column("now, per second", "per_second", rate_text),
    Column("time left", "seconds_left", seconds),
    Column("begun", "created_at", moment),
    Column("by", "by"),
    Column("reason", "reason"),
    Column("ended", "ended_at", moment),
)


def group() -> typer.Typer:
    """`replay` by itself begins one; below it are the commands about those there are."""
    return group_of(replay, {"list": list_all, "show": show, **replay_verbs()})


def replay(
    context: typer.Context,
    trigger: TriggerOption = None,
    first: FromOption = None,
    last: ToOption = None,
    filter: FilterOption = None,
    rate: RateOption = 50.0,
    to_sink: ToSinkOption = None,
    in_order: InOrderOption = False,
    reason: ReasonOption = "",
    id: IdOption = None,
    no_wait: NoWaitOption = False,
    yes: YesOption = False,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Deliver stored events again to one trigger's sink, at a rate, without touching its cursor.

    It shows what it will do, asks, and follows to the end. Below: list, show, pause, resume,
    cancel.

    \b
    Examples:
      headrace replay --trigger classify --from 2026-03-01T02:00:00Z --to 2026-03-01T03:00:00Z
      headrace replay --trigger classify --from PT1H --yes
      headrace replay --trigger classify --from 1 --filter "subject LIKE 'eu-%'" --rate 10 --yes
      headrace replay --trigger classify --from earliest --to-sink https://test.example/in
      headrace replay list
    """
    chosen = choose(context, admin, token, output)
    if context.invoked_subcommand is not None:
        return
    if trigger is None or first is None:
        raise typer.BadParameter("say --trigger NAME and --from T, or one of: list, show, pause …")
    body: dict[str, Any] = {
        "trigger": full_name(trigger),
        "from": place_of(ago(first, datetime.now(UTC), "--from")),
        "to": None if last is None else place_of(ago(last, datetime.now(UTC), "--to")),
        "filter": filter,
        "rate": rate,
        "to_sink": to_sink,
        "in_order": in_order,
        "reason": reason,
        "id": id,
    }
    client = chosen.client()
    if not yes:
        confirm(question(client.post("/replays", {**body, "dry_run": True})), yes)
    begun = client.post("/replays", body)
    try:
        ended = begun if no_wait else follow(client, begun)
    except KeyboardInterrupt:
        print(f"it goes on; end it with: headrace replay cancel {begun['id']}", file=sys.stderr)
        raise
    _tell_end(chosen, ended)


def _tell_end(chosen: Chosen, item: Item) -> None:
    tell(chosen, item, sentence)
    if item["state"] not in ("running", "finished"):
        raise Invalid(
            f"replay {item['id']} is {item['state']}",
            where=item["why"] or None,
            remedy=f"headrace replay show {item['id']}",
        )


def list_all(
    context: typer.Context,
    trigger: TriggerOption = None,
    limit: LimitOption = 50,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """List replays: those under way first, then the latest that have ended.

    \b
    Example:
      headrace replay list --trigger classify -o json
    """
    chosen = choose(context, admin, token, output)
    query = {"trigger": full_name(trigger) if trigger else None}
    found = chosen.client().items("/replays", query, limit)
    show_items(found, COLUMNS, chosen.format, "replays")


def show(
    context: typer.Context,
    job: JobArgument,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Show how far a replay is, what became of what it delivered, and how long it will take.

    \b
    Example:
      headrace replay show 260301-093000-4f1a
    """
    chosen = choose(context, admin, token, output)
    item = chosen.client().get(f"/replays/{in_path(job)}")
    show_answer(item, chosen.format, lambda item: draw_fields(present(item, FIELDS)))


def place_of(text: str) -> int | str:
    """An offset, or a time that the listener reads."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else text
