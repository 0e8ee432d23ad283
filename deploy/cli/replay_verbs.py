"""`headrace replay pause | resume | cancel`: the same act by three names."""

from collections.abc import Callable

import typer

from deploy.cli.client import Item, in_path
from deploy.cli.options import (
    AdminOption,
    Chosen,
    OutputOption,
    ReasonOption,
    TokenOption,
    choose,
)
from deploy.cli.output import counted, show_answer
from deploy.cli.replay_options import JobArgument

HELP = {
    "pause": """Stop a replay for now; the log is kept for it, within maxBacklogBytes.

    \b
    Example:
      headrace replay pause 260301-093000-4f1a --reason "the sink is slow today"
    """,
    "resume": """Let a paused replay go on where it was.

    \b
    Example:
      headrace replay resume 260301-093000-4f1a
    """,
    "cancel": """End a replay: what is delivered stays so, what waits is not tried again.

    \b
    Example:
      headrace replay cancel 260301-093000-4f1a --reason "the wrong hour"
    """,
}


def replay_verbs() -> dict[str, Callable[..., None]]:
    return {verb: _steering(verb, text) for verb, text in HELP.items()}


def _steering(verb: str, text: str) -> Callable[..., None]:
    """A command whose help is `text`."""

    def steer(
        context: typer.Context,
        job: JobArgument,
        reason: ReasonOption = "",
        admin: AdminOption = None,
        token: TokenOption = None,
        output: OutputOption = None,
    ) -> None:
        chosen = choose(context, admin, token, output)
        path = f"/replays/{in_path(job)}/{verb}"
        tell(chosen, chosen.client().post(path, {"reason": reason}))

    steer.__doc__ = text
    return steer


def tell(chosen: Chosen, item: Item) -> None:
    """How a replay stands: a sentence, or the answer as it is."""
    show_answer(item, chosen.format, lambda item: print(_sentence(item)))


def _sentence(item: Item) -> str:
    unchanged = " already" if item.get("changed") is False else ""
    return (
        f"replay {item['id']} is {item['state']}{unchanged}: {item['delivered']:,} delivered, "
        f"{item['dead']:,} dead, {item['parked'] + item['waiting']:,} waiting; "
        f"{item['passed']:,} of {counted(item['total'], 'offset')} passed"
    )
