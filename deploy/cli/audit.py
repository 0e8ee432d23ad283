"""`headrace audit`."""

import typer

from deploy.cli.options import AdminOption, LimitOption, OutputOption, TokenOption, choose
from deploy.cli.output import Column, moment, number, show_items

DETAIL_CHARACTERS_MAX = 60  # in a table; -o json has all


def shortened(detail: object) -> str:
    """The beginning of what may be a hundred ids."""
    text = str(detail)
    if len(text) <= DETAIL_CHARACTERS_MAX:
        return text
    return text[: DETAIL_CHARACTERS_MAX - 1].rstrip() + "…"


COLUMNS = (
    Column("AT", "at", moment, whole=True),
    Column("BY", "by", width_wanted=8),
    Column("VERB", "verb", whole=True),
    Column("COUNT", "count", number, "right", whole=True),
    Column("BROKER", "broker", width_wanted=12),
    Column("WHAT", "detail", shortened, width_wanted=24),
    Column("REASON", "reason"),
)


def audit(
    context: typer.Context,
    limit: LimitOption = 50,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """List what was done, newest first: by operators, by retention, with tokens, at sign-in.

    \b
    Examples:
      headrace audit
      headrace audit --limit 1000 -o json
    """
    chosen = choose(context, admin, token, output)
    show_items(chosen.client().items("/audit", limit=limit), COLUMNS, chosen.format, "acts")
