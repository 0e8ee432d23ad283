"""`headrace explain`."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from broker.errors import Invalid, InvalidConfig
from deploy.cli.client import Item, full_name
from deploy.cli.explanation_text import explanation_lines
from deploy.cli.options import (
    AdminOption,
    BrokerOption,
    Chosen,
    Output,
    OutputOption,
    TokenOption,
    choose,
)
from deploy.cli.output import Column, print_lines, show_answer, show_items

FILE_BYTES_MAX = 16 * 1024 * 1024
COLUMNS = (
    Column("TRIGGER", "trigger", width_wanted=20),
    Column("MATCHES", "matches", whole=True),
    Column("REVISION", "revision", justify="right", whole=True),
    Column("DECIDED BY", "deciding.asks"),
    Column("WHICH IS", "deciding.path"),
)
Filters = tuple[Sequence[Mapping[str, Any]], Mapping[str, str] | None]


def explain(
    context: typer.Context,
    event: Annotated[
        Path, typer.Option("--event", metavar="FILE", help="A CloudEvent as JSON; - for stdin.")
    ],
    trigger: Annotated[
        str | None, typer.Option("--trigger", metavar="NAME", help="The filter of this trigger.")
    ] = None,
    filters: Annotated[
        str | None,
        typer.Option("--filter", metavar="YAML", help="These filters: a file, or as written."),
    ] = None,
    cesql: Annotated[
        str | None, typer.Option("--cesql", metavar="EXPR", help="This CESQL expression.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="All triggers of a broker: which of them match.")
    ] = False,
    broker: BrokerOption = None,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Say whether a filter matches an event, clause by clause, and which clause decided.

    \b
    Examples:
      headrace explain --event event.json --trigger classify
      headrace explain --event event.json --all
      headrace explain --event event.json --filter "[{prefix: {type: com.example.}}]"
      headrace explain --event event.json --cesql "type LIKE 'com.%' AND size > 5"
    """
    chosen = choose(context, admin, token, output)
    if sum((trigger is not None, filters is not None, cesql is not None, every)) != 1:
        raise Invalid(
            "explain takes one of --trigger, --filter, --cesql and --all",
            remedy="say whose filter it is about",
        )
    content = read_content(event)
    if every:
        _explain_all(chosen, content, broker)
        return
    if trigger is not None:
        question = {"event": parsed(content), "trigger": full_name(trigger)}
        explanation = chosen.client().post("/explain", question)
    else:
        written = ([{"cesql": cesql}], None) if cesql is not None else read_filters(filters or "")
        explanation = explain_here(content, written)
    show_answer(explanation, chosen.format, lambda told: print_lines(explanation_lines(told)))


def _explain_all(chosen: Chosen, content: bytes, broker: str | None) -> None:
    """All pages, however many triggers there are."""
    client = chosen.client()
    items: list[Item] = []
    question = {
        "event": parsed(content),
        "broker": full_name(broker) if broker else None,
        "limit": 1000,
    }
    cursor: str | None = None
    while True:
        page = client.post("/explain", {**question, "cursor": cursor})
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    if chosen.format is Output.TABLE:
        items = [{**item, "matches": "yes" if item["matched"] else "no"} for item in items]
    show_items(items, COLUMNS, chosen.format, "triggers")


def explain_here(content: bytes, written: Filters) -> Item:
    """Without a headrace: what the filters make of the event in `content`."""
    from broker.codec import decode_structured
    from deploy.explanation_view import explanation_view
    from triggers.filters.explanation import explain as explain_filters

    return explanation_view(explain_filters(*written, decode_structured(content)))


def read_content(path: Path) -> bytes:
    """A file, or stdin for `-`; bounded."""
    try:
        if str(path) == "-":
            content = sys.stdin.buffer.read(FILE_BYTES_MAX + 1)
        else:
            with path.open("rb") as file:
                content = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        remedy = "name a file with the event as JSON, or - for stdin"
        raise Invalid(f"{path}: {error.strerror}", where="--event", remedy=remedy) from error
    if len(content) > FILE_BYTES_MAX:
        what = f"{path} is larger than {FILE_BYTES_MAX:,} bytes"
        raise Invalid(what, where="--event", remedy="no broker takes such an event either")
    return content


def parsed(content: bytes) -> Any:
    """The JSON object that is sent on; the headrace that is asked checks what it means."""
    import orjson

    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        remedy = "write the event as JSON; headrace events show ID -o json shows one"
        raise Invalid(f"it is not JSON: {error}", where="--event", remedy=remedy) from error


def read_filters(text: str) -> Filters:
    """`filters` and the legacy attributes of YAML in a file or as given.

    A list of filters, one filter, a trigger's spec or a whole trigger.
    """
    from deploy.config.mistakes import Findings
    from deploy.config.positions import read_documents

    findings = Findings()
    try:
        # A name that is too long for a file is no file's.
        is_file = len(text) < 1024 and "\n" not in text and Path(text).is_file()
        written = Path(text).read_text("utf-8") if is_file else text
    except (OSError, UnicodeDecodeError) as error:
        remedy = "name a readable file of UTF-8 text, or write the YAML itself"
        raise Invalid(f"it cannot be read: {error}", where="--filter", remedy=remedy) from error
    # By the reader of configurations: here and there the same text is the same filter.
    documents = read_documents(text if is_file else "--filter", written, findings)
    if findings.mistakes:
        count = len(findings.mistakes)
        raise InvalidConfig(
            f"the filter has {count} mistake{'s' if count > 1 else ''}",
            [str(mistake) for mistake in findings.mistakes],
        )
    found: Any = documents[0].value if documents else None
    if isinstance(found, Mapping) and isinstance(found.get("spec"), Mapping):
        found = found["spec"]
    if isinstance(found, Mapping) and found.keys() & {"filters", "filter"}:
        legacy = found.get("filter")
        attributes = legacy.get("attributes") if isinstance(legacy, Mapping) else None
        return found.get("filters") or (), attributes
    return (found if isinstance(found, list) else [found]), None
