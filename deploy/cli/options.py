"""The options that all client commands share, and what they choose."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer

from deploy.cli.client import DEFAULT_ADMIN, Admin, admin_at
from deploy.cli.completing import offer_named, offering


class Output(StrEnum):
    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


AdminOption = Annotated[
    str | None,
    typer.Option(
        "--admin",
        metavar="URL",
        help=f"The admin listener; else HEADRACE_ADMIN, else {DEFAULT_ADMIN}.",
        show_default=False,
    ),
]
TokenOption = Annotated[
    str | None,
    typer.Option(
        "--token", metavar="TOKEN", help="Who is asking; else HEADRACE_TOKEN.", show_default=False
    ),
]
OutputOption = Annotated[
    Output | None,
    typer.Option("--output", "-o", help="How to write it: table unless said.", show_default=False),
]
LimitOption = Annotated[
    int, typer.Option("--limit", min=1, max=100_000, metavar="N", help="At most so many.")
]
BrokerOption = Annotated[
    str | None,
    typer.Option(
        "--broker",
        metavar="NAME",
        help="Only of this broker.",
        autocompletion=offering("/brokers", "state", "name"),
    ),
]

NameArgument = Annotated[
    str,
    typer.Argument(metavar="NAME", help="NAME or NAMESPACE/NAME.", autocompletion=offer_named),
]
ReasonOption = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why, for the audit.", show_default=False)
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was given so far; a command takes what its group was given and it was not."""

    admin: str | None = None
    token: str | None = None
    output: Output | None = None

    def client(self) -> Admin:
        return admin_at(self.admin, self.token)

    @property
    def format(self) -> Output:
        return self.output or Output.TABLE


def choose(
    context: typer.Context, admin: str | None, token: str | None, output: Output | None
) -> Chosen:
    """The options of this command over those of its group; kept for the commands below it."""
    above = context.obj if isinstance(context.obj, Chosen) else Chosen()
    chosen = Chosen(admin or above.admin, token or above.token, output or above.output)
    context.obj = chosen
    return chosen
