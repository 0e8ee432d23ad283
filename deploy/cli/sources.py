"""`headrace sources`, `headrace sources show | pause | resume NAME`."""

import typer

from deploy.cli.client import Item, path_of
from deploy.cli.grouping import Verb, group_of
from deploy.cli.options import (
    AdminOption,
    Chosen,
    NameArgument,
    Output,
    OutputOption,
    ReasonOption,
    TokenOption,
    choose,
)
from deploy.cli.output import (
    Column,
    age,
    draw_fields,
    draw_spec,
    draw_table,
    moment,
    number,
    present,
    rate,
    show_answer,
    show_items,
)

POSITION_CHARACTERS_MAX = 24  # in the list; `show` has all of it

FAILING = frozenset({"retrying", "starting"})  # of the others an error is over


def shortened(position: str) -> str:
    """Its beginning: a position of a thousand partitions would be all that one sees."""
    if len(position) <= POSITION_CHARACTERS_MAX:
        return position
    return position[: POSITION_CHARACTERS_MAX - 1] + "…"


COLUMNS = (
    Column("NAME", "name", width_wanted=14),
    Column("KIND", "kind", whole=True),
    Column("STATE", "state", whole=True),
    Column("LAG", "lag", number, "right", whole=True),
    Column("RATE", "rate_per_second", rate, "right", whole=True),
    Column("EVENTS", "events", number, "right", whole=True),
    Column("POSITION", "position", shortened, width_wanted=12),
)
# Below the others: beside them a sentence would wrap into as many lines as it has words.
LAST_ERRORS = (
    Column("SOURCE", "name", width_wanted=14),
    Column("SINCE", "last_error.at", age, whole=True),
    Column("LAST ERROR", "last_error.message"),
    Column("REMEDY", "last_error.remedy"),
)
FIELDS = (
    Column("name", "name"),
    Column("kind", "kind"),
    Column("state", "state"),
    Column("paused since", "pause.since", moment),
    Column("paused by", "pause.by"),
    Column("paused because", "pause.reason"),
    Column("connected to", "detail"),
    Column("sink", "sink"),
    Column("position", "position"),
    Column("lag", "lag", number),
    Column("events, per second", "rate_per_second", rate),
    Column("events since start", "events", number),
    Column("latest event", "last_event_at", age),
    Column("duplicates", "duplicates", number),
    Column("refused", "refused", number),
    Column("errors", "errors", number),
    Column("last error", "last_error.message"),
    Column("as", "last_error.code"),
    Column("at", "last_error.at", moment),
    Column("remedy", "last_error.remedy"),
    Column("next try", "retry_at", moment),
)


def group() -> typer.Typer:
    """`sources` by itself lists; below it are the commands about one source."""
    below: dict[str, Verb] = {"show": show, "pause": pause, "resume": resume}
    return group_of(sources, below)


def sources(
    context: typer.Context,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """List the sources: state, what waits at the origin, what came, how far each is.

    RATE is events a second over the last minute, EVENTS are those since the start. The state is
    one of: starting; connected; retrying (it failed, and tries again for ever); paused; stopped.

    \b
    Examples:
      headrace sources
      headrace sources show orders
    """
    chosen = choose(context, admin, token, output)
    if context.invoked_subcommand is not None:
        return
    found = chosen.client().items("/sources")
    show_items(found, COLUMNS, chosen.format, "sources")
    failing = [one for one in found if one.get("last_error") and one["state"] in FAILING]
    if failing and chosen.format is Output.TABLE:
        print()
        draw_table(failing, LAST_ERRORS)


def show(
    context: typer.Context,
    name: NameArgument,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Show all of one source: where it stands, how it is configured, why it failed last.

    \b
    Example:
      headrace sources show default/orders
    """
    chosen = choose(context, admin, token, output)
    show_answer(chosen.client().get(path_of("sources", name)), chosen.format, _draw)


def pause(
    context: typer.Context,
    name: NameArgument,
    reason: ReasonOption = "",
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Make no more events. It keeps its position, and leaves its origin alone.

    It stays paused over restarts and reloads, until `resume`.

    \b
    Example:
      headrace sources pause orders --reason "the topic is being moved"
    """
    chosen = choose(context, admin, token, output)
    answer = chosen.client().post(path_of("sources", name, "pause"), {"reason": reason})
    _say(chosen, answer, "is paused" if answer["changed"] else "was paused already")


def resume(
    context: typer.Context,
    name: NameArgument,
    reason: ReasonOption = "",
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Make events again, from the position that it had.

    \b
    Example:
      headrace sources resume orders
    """
    chosen = choose(context, admin, token, output)
    answer = chosen.client().post(path_of("sources", name, "resume"), {"reason": reason})
    _say(chosen, answer, "goes on" if answer["changed"] else "was not paused")


def _draw(source: Item) -> None:
    draw_fields(present(source, FIELDS))
    draw_spec(source)


def _say(chosen: Chosen, answer: Item, sentence: str) -> None:
    show_answer(answer, chosen.format, lambda told: print(f"{told['source']} {sentence}"))
