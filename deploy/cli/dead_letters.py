"""`headrace dead-letters` (groups), `dead-letters list`, and what is below; alias `dlq`."""

from typing import Annotated

import typer

from deploy.cli.client import full_name
from deploy.cli.dead_letter_choice import WhereOption
from deploy.cli.dead_letter_edit import difference, edit
from deploy.cli.dead_letter_export import export
from deploy.cli.dead_letter_groups import VERBS, TriggerOption, groups
from deploy.cli.dead_letter_import import import_file
from deploy.cli.dead_letter_verbs import discard, redrive, restore
from deploy.cli.dead_letter_why import show, why
from deploy.cli.grouping import Verb, group_of
from deploy.cli.options import (
    AdminOption,
    BrokerOption,
    LimitOption,
    OutputOption,
    TokenOption,
    choose,
)
from deploy.cli.output import Column, age, number, show_items
from deploy.cli.redrive_jobs import job_group, jobs

COLUMNS = (
    Column("ID", "id", whole=True),
    Column("AGE", "dead_at", age, "right", whole=True),
    Column("STATE", "state", whole=True),
    Column("REASON", "reason", whole=True),
    Column("STATUS", "status", whole=True),
    Column("TRIES", "attempts", number, "right", whole=True),
    Column("TRIGGER", "trigger", width_wanted=16),
    Column("EVENT TYPE", "event.type"),
    Column("EVENT ID", "event.id"),
)


def group() -> typer.Typer:
    """`dead-letters` by itself lists the groups; below it are the commands about single ones."""
    looking: dict[str, Verb] = {
        "list": list_all, "show": show, "why": why, "difference": difference,
    }  # fmt: skip
    acts: dict[str, Verb] = {"redrive": redrive, "discard": discard, "restore": restore}
    redrives: dict[str, Verb | typer.Typer] = {"jobs": jobs, "job": job_group()}
    files: dict[str, Verb] = {"export": export, "import": import_file}
    return group_of(groups, looking | acts | redrives | {"edit": edit} | files | VERBS)


def list_all(
    context: typer.Context,
    where: WhereOption = None,
    trigger: TriggerOption = None,
    reason: Annotated[
        str | None,
        typer.Option("--reason", metavar="REASON", help="Only with this reason, such as attempts."),
    ] = None,
    broker: BrokerOption = None,
    limit: LimitOption = 50,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """List dead letters, newest first; a query is CESQL over the event and what failed.

    It may name reason status class attempts trigger sink broker group state size, the times
    dead_at first_at stored_at, data('/json/pointer'), and ce.NAME for the event's own.

    \b
    Examples:
      headrace dead-letters list --trigger classify --reason attempts -o json
      headrace dead-letters list --where "status >= 500 AND dead_at > ago('PT1H')"
      headrace dead-letters list --where "type LIKE 'order.%' AND data('/country') = 'CH'"
    """
    chosen = choose(context, admin, token, output)
    query = {
        "where": where,
        "trigger": full_name(trigger) if trigger else None,
        "reason": reason,
        "broker": full_name(broker) if broker else None,
    }
    found = chosen.client().items("/dead-letters", query, limit)
    show_items(found, COLUMNS, chosen.format, "dead letters")
