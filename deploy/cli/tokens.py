"""`headrace tokens`: list, create, revoke; over the admin listener, or on a folder at rest."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from deploy.access.roles import Role, role_of
from deploy.cli.client import Item, in_path
from deploy.cli.grouping import group_of
from deploy.cli.options import (
    AdminOption,
    Chosen,
    LimitOption,
    OutputOption,
    ReasonOption,
    TokenOption,
    choose,
)
from deploy.cli.output import Column, age, moment, show_answer, show_items

COLUMNS = (
    Column("NAME", "name", width_wanted=16),
    Column("ROLE", "role", whole=True),
    Column("STATE", "state", whole=True),
    Column("BEGINS WITH", "prefix", whole=True),
    Column("MADE", "created_at", age, "right", whole=True),
    Column("USED", "last_used_at", age, "right", whole=True),
    Column("UNTIL", "expires_at", moment, whole=True),
)
ROLES = "|".join(role.word for role in Role)
DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="Work on this data folder, which no headrace may own, and ask no listener.",
        show_default=False,
    ),
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The token's name, as in the audit.")]


def group() -> typer.Typer:
    """`tokens` by itself lists; below it are the commands about one token."""
    return group_of(tokens, {"list": list_all, "create": create, "revoke": revoke})


def tokens(
    context: typer.Context,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """List the tokens that sign in at the admin listener; below: create, revoke.

    \b
    Examples:
      headrace tokens
      headrace tokens create admin --role admin --data ./headrace-data
      headrace tokens create ci --role operator --expires P90D
      headrace tokens revoke ci --reason "it leaked"
    """
    chosen = choose(context, admin, token, output)
    if context.invoked_subcommand is None:
        _show(chosen, None, 1_000)


def list_all(
    context: typer.Context,
    data: DataOption = None,
    limit: LimitOption = 1_000,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """List the tokens, oldest first; revoked and expired ones too.

    \b
    Example:
      headrace tokens list -o json
    """
    _show(choose(context, admin, token, output), data, limit)


def create(
    context: typer.Context,
    name: Name,
    role: Annotated[str, typer.Option("--role", metavar=ROLES, help="What it may do.")],
    expires: Annotated[
        str | None,
        typer.Option(
            "--expires", metavar="P90D", help="How long it counts; else until it is revoked."
        ),
    ] = None,
    data: DataOption = None,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Make a token and print it, this once: only its hash is kept.

    From the first token on, the admin listener asks everybody for one, on loopback too.

    \b
    Examples:
      headrace tokens create admin --role admin --data ./headrace-data
      headrace tokens create ci --role operator --expires P90D
    """
    chosen = choose(context, admin, token, output)
    wanted = role_of(role)
    if data is None:
        body = {"name": name, "role": wanted.word, "expires": expires}
        made = chosen.client().post("/tokens", body)
    else:
        made = _create_at(data, name, wanted, expires)
    show_answer(made, chosen.format, _hand_over)


def _hand_over(made: Item) -> None:
    print(made["token"])
    print(
        f"token {made['name']} ({made['role']}): keep it now, it is not shown again; "
        "use it by HEADRACE_TOKEN or --token",
        file=sys.stderr,
    )


def revoke(
    context: typer.Context,
    name: Name,
    reason: ReasonOption = "",
    data: DataOption = None,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """End a token at once; its name stays taken.

    \b
    Example:
      headrace tokens revoke ci --reason "it leaked"
    """
    chosen = choose(context, admin, token, output)
    if data is None:
        told = chosen.client().post(f"/tokens/{in_path(name)}/revoke", {"reason": reason})
    else:
        told = _revoke_at(data, name, reason)
    said = f"token {name} {'is revoked' if told['revoked'] else 'was revoked before'}"
    show_answer(told, chosen.format, lambda _: print(said))


def _show(chosen: Chosen, data: Path | None, limit: int) -> None:
    if data is None:
        found = chosen.client().items("/tokens", limit=limit)
    else:
        found = _list_at(data)[:limit]
    show_items(found, COLUMNS, chosen.format, "tokens")


def _create_at(data: Path, name: str, role: Role, expires: str | None) -> Item:
    from broker.clock import SteadyClock
    from deploy.access.offline import create_token
    from deploy.access.views import lifetime_of, token_view

    made, text = create_token(data, name, role, lifetime_of(expires), SteadyClock())
    return {**token_view(made, is_usable=True), "token": text}


def _list_at(data: Path) -> list[Item]:
    from broker.clock import SteadyClock
    from deploy.access.offline import list_tokens
    from deploy.access.views import token_view

    now = SteadyClock().now()
    return [token_view(token, token.is_usable(now)) for token in list_tokens(data)]


def _revoke_at(data: Path, name: str, reason: str) -> Item:
    from broker.clock import SteadyClock
    from deploy.access.offline import revoke_token
    from deploy.access.views import token_view

    token, was_usable = revoke_token(data, name, reason, SteadyClock())
    return {**token_view(token, is_usable=False), "revoked": was_usable}
