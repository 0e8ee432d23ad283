"""`headrace diff`."""

from pathlib import Path
from typing import Annotated

import typer

from broker.errors import TooLarge
from deploy.cli.changes import show_changes
from deploy.cli.options import AdminOption, OutputOption, TokenOption, choose

TEXT_BYTES_MAX = 900 * 1024  # with its JSON around it: what the admin listener takes is 1 MiB


def diff(
    context: typer.Context,
    configuration: Annotated[
        list[Path], typer.Argument(metavar="CONFIG...", help="YAML files, or folders of them.")
    ],
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Say what a reload of these files would change, and what that means for backlogs.

    The files are checked here first, then compared with what runs; references such as
    ${env:NAME} compare as written and their values go nowhere. Nothing is changed. The exit
    code is 0 whether something differs or not, and 1 where the files have mistakes.

    \b
    Examples:
      headrace diff headrace.yaml
      headrace diff ./config.d -o json
    """
    from deploy.config.read import read_configuration, texts_of

    chosen = choose(context, admin, token, output)
    read_configuration(configuration, {}, resolve=False)
    texts = texts_of(configuration)
    if sum(len(text.encode()) for text in texts.values()) > TEXT_BYTES_MAX:
        raise TooLarge(
            f"the files have over {TEXT_BYTES_MAX // 1024} KiB",
            remedy="check them with headrace check; a reload takes them whatever their size",
        )
    files = [{"name": name, "text": text} for name, text in texts.items()]
    answer = chosen.client().post("/diff", {"files": files})
    show_changes(answer["items"], chosen.format, "nothing differs")
