"""`headrace triggers pause | resume | seek | remove`."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from broker.errors import Invalid
from deploy.cli.asking import confirm
from deploy.cli.client import path_of
from deploy.cli.moments import ago
from deploy.cli.options import (
    AdminOption,
    Chosen,
    NameArgument,
    OutputOption,
    ReasonOption,
    TokenOption,
    YesOption,
    choose,
)
from deploy.cli.output import counted, show_answer


def pause(
    context: typer.Context,
    name: NameArgument,
    reason: ReasonOption = "",
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Stop delivering to a trigger's sink; what is in flight ends. It keeps its place.

    It stays paused over restarts and reloads, until `resume`.

    \b
    Example:
      headrace triggers pause classify --reason "the model is being replaced"
    """
    chosen = choose(context, admin, token, output)
    answer = chosen.client().post(path_of("triggers", name, "pause"), {"reason": reason})
    say(chosen, answer, "is paused" if answer["changed"] else "was paused already")


def resume(
    context: typer.Context,
    name: NameArgument,
    reason: ReasonOption = "",
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Deliver again: what has come meanwhile first, in its order.

    \b
    Example:
      headrace triggers resume classify
    """
    chosen = choose(context, admin, token, output)
    answer = chosen.client().post(path_of("triggers", name, "resume"), {"reason": reason})
    say(chosen, answer, "goes on" if answer["changed"] else "was not paused")


def seek(
    context: typer.Context,
    name: NameArgument,
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="PLACE", help="latest, earliest, a time, PT1H (ago), an offset."
        ),
    ],
    reason: ReasonOption = "",
    yes: YesOption = False,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Choose which stored event a trigger delivers next; parked and dead ones stay.

    Skipped events that match count as discarded. Asks first, with how many there are.

    \b
    Examples:
      headrace triggers seek classify --to latest --yes
      headrace triggers seek classify --to 2026-03-01T09:30:00Z --reason "lost by the sink" --yes
    """
    chosen = choose(context, admin, token, output)
    client, path = chosen.client(), path_of("triggers", name, "seek")
    to = ago(to, datetime.now(UTC), "--to")
    preview = client.post(path, {"to": to, "preview": True})
    if preview["direction"] != "stay":
        confirm(f"{preview['trigger']}: {_way(preview)}?", yes)
    answer = client.post(path, {"to": to, "reason": reason})
    say(chosen, answer, _sought(answer))


def remove(
    context: typer.Context,
    name: NameArgument,
    reason: ReasonOption,
    dead_letter: Annotated[
        bool, typer.Option("--dead-letter", help="What is left becomes dead letters.")
    ] = False,
    discard: Annotated[
        bool, typer.Option("--discard", help="What is left is never delivered.")
    ] = False,
    yes: YesOption = False,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """End a trigger that the configuration no longer names, before it has finished.

    Its backlog and its parked deliveries go to the dead letters, or nowhere. Asks first, with
    how many they are.

    \b
    Example:
      headrace triggers remove old --dead-letter --reason "its sink is gone for good" --yes
    """
    if dead_letter == discard:
        raise typer.BadParameter("say one of --dead-letter and --discard")
    chosen = choose(context, admin, token, output)
    client, how = chosen.client(), "dead-letter" if dead_letter else "discard"
    if not yes:
        trigger = client.get(path_of("triggers", name))
        if trigger["state"] != "removing":
            raise Invalid(
                f"{trigger['name']} is configured",
                remedy="take it out of the YAML and headrace reload first",
            )
        confirm(f"{trigger['name']}: {_rest(trigger)} {_fate(how)}?", yes)
    answer = client.post(path_of("triggers", name, "remove"), {"how": how, "reason": reason})
    say(chosen, answer, f"has ended: {answer['count']:,} {_fate(how)}")


def say(chosen: Chosen, answer: dict[str, Any], sentence: str) -> None:
    """What was done: a sentence, or the answer as it is."""
    show_answer(answer, chosen.format, lambda told: print(f"{told['trigger']} {sentence}"))


def _way(answer: dict[str, Any]) -> str:
    verb = "skip" if answer["direction"] == "skip" else "deliver again those that match of"
    place = f"from offset {answer['from']:,} to {answer['position']:,}"
    return f"{verb} {counted(answer['events'], 'stored event')}, {place}"


def _sought(answer: dict[str, Any]) -> str:
    if not answer["changed"]:
        return f"stands at offset {answer['position']:,} already"
    clamped = ", the nearest there is" if answer["clamped"] else ""
    skipped = f"; {answer['discarded']:,} that matched are discarded" * bool(answer["discarded"])
    return f"delivers offset {answer['position']:,} next{clamped}{skipped}"


def _rest(trigger: dict[str, Any]) -> str:
    return (
        f"{trigger['backlog']:,} in the backlog, {trigger['parked']:,} parked and "
        f"{trigger['waiting']:,} waiting"
    )


def _fate(how: str) -> str:
    return "become dead letters" if how == "dead-letter" else "are discarded"
