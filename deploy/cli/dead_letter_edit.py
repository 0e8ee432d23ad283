"""`headrace dead-letters edit ID` and `difference ID`."""

import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from broker.errors import Invalid
from deploy.cli.asking import confirm
from deploy.cli.client import Item, in_path, printable
from deploy.cli.dead_letter_why import IdArgument
from deploy.cli.difference_text import draw_differences
from deploy.cli.options import (
    AdminOption,
    Output,
    OutputOption,
    ReasonOption,
    TokenOption,
    YesOption,
    choose,
)
from deploy.cli.output import counted, moment, show_answer
from deploy.environment import read_environment

DEFAULT_EDITOR = "vi"
FileOption = Annotated[
    Path | None,
    typer.Option("--file", metavar="FILE", help="The event as edited, instead of an editor."),
]


def difference(
    context: typer.Context,
    id: IdArgument,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Compare a dead letter with the nearest event like it that its trigger did deliver.

    \b
    Example:
      headrace dead-letters difference 3nq6u7a2w4c5d6e7
    """
    chosen = choose(context, admin, token, output)
    told = chosen.client().get(f"/dead-letters/{in_path(id)}/difference")
    show_answer(told, chosen.format, _draw_difference)


def _draw_difference(told: Item) -> None:
    other = told["other"]
    if other is None:
        where = "" if told["is_complete"] else "; there may be one further away"
        looked = counted(told["looked"], "event")
        print(f"no delivered event of its type among the {looked} looked at{where}")
        return
    stored = moment(other["stored_at"])
    print(f"beside event {printable(other['id'])}, offset {other['offset']:,}, stored {stored}")
    draw_differences(told, "DEAD LETTER", "DELIVERED")


def edit(
    context: typer.Context,
    id: IdArgument,
    reason: ReasonOption,
    file: FileOption = None,
    yes: YesOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what differs.")] = False,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Edit a dead letter in $EDITOR, and deliver the copy to its trigger in place of it.

    id, source and what begins with headrace stay as they are. The dead letter is done with the
    sink's 2xx for the copy; where the copy fails, it is dead as before.

    \b
    Example:
      headrace dead-letters edit 3nq6u7a2w4c5d6e7 --file edited.json --reason mended --dry-run
    """
    chosen = choose(context, admin, token, output)
    client, path = chosen.client(), f"/dead-letters/{in_path(id)}/edit"
    document = _read(file) if file is not None else _edited(client.get(path))
    body = {"document": document, "reason": reason}
    told = client.post(path, {**body, "dry_run": True})
    if chosen.format is Output.TABLE:
        draw_differences(told, "BEFORE", "EDITED")
    if not dry_run:
        confirm(f"deliver it as {printable(told['edited_id'])}?", yes)
        told = client.post(path, body)
    show_answer(told, chosen.format, _draw_sent)


def _draw_sent(told: Item) -> None:
    done = "nothing was done" if told["dry_run"] else "on its way to its trigger"
    print(f"{printable(told['edited_id'])}: {done}; dead letter {told['id']} is {told['state']}")


def _edited(editable: Item) -> Any:
    """What whoever sits there makes of it; of the last edit, where that has failed."""
    last = editable["last"]
    document = editable["document"] if last is None else last["document"]
    if last is not None and last["message"]:
        print(f"the last edit failed: {printable(last['message'])}", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="headrace-edit-") as folder:
        file = Path(folder) / f"{editable['id']}.json"
        file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")
        variables = read_environment().variables
        editor = variables.get("VISUAL") or variables.get("EDITOR") or DEFAULT_EDITOR
        _run(editor, file)
        return _read(file)


def _run(editor: str, file: Path) -> None:
    try:
        words = [*shlex.split(editor), os.fspath(file)]
        ended = subprocess.run(words, check=False)  # noqa: S603 - whoever sits there chose it
    except (OSError, ValueError) as error:
        raise Invalid(
            f"the editor {editor!r} cannot be run: {error}", remedy="set EDITOR, or give --file"
        ) from error
    if ended.returncode:
        raise Invalid(
            f"the editor ended with {ended.returncode}: nothing was done", remedy="edit it again"
        )


def _read(file: Path) -> Any:
    try:
        document = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Invalid(
            f"{file} is no JSON document: {error}", remedy="write one event as a JSON object"
        ) from error
    if not isinstance(document, dict):
        raise Invalid(f"{file} is no JSON object", remedy="write one event as a JSON object")
    return document
