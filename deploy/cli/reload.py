"""`headrace reload`."""

import sys

import typer

from deploy.cli.changes import show_changes
from deploy.cli.client import printable
from deploy.cli.options import AdminOption, OutputOption, TokenOption, choose


def reload(
    context: typer.Context,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Let the running headrace read its configuration files again, and run by them.

    All or nothing: where there is a mistake, it is shown with its line, the old configuration
    runs on and the exit code is 1. SIGHUP asks for the same. `headrace diff` shows beforehand
    what would change.

    \b
    Examples:
      headrace reload
      headrace reload -o json
    """
    chosen = choose(context, admin, token, output)
    answer = chosen.client().post("/reload", {})
    for warning in answer["warnings"]:
        print(f"warning: {printable(str(warning))}", file=sys.stderr)
    nothing = "reloaded: the files say what runs already (secrets and certificates are fresh)"
    show_changes(answer["changes"], chosen.format, nothing)
