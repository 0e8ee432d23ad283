"""What `headrace replay` may be told."""

from typing import Annotated

import typer

from deploy.cli.completing import offering

JobArgument = Annotated[
    str,
    typer.Argument(
        metavar="JOB", help="The replay's id.", autocompletion=offering("/replays", "state")
    ),
]
TriggerOption = Annotated[
    str | None,
    typer.Option(
        "--trigger",
        metavar="NAME",
        help="Whose events; NAME or NAMESPACE/NAME.",
        autocompletion=offering("/triggers", "state", "name"),
    ),
]
FromOption = Annotated[
    str | None,
    typer.Option(
        "--from", metavar="T|OFFSET", help="From here on: a time, PT1H (ago), an offset, earliest."
    ),
]
ToOption = Annotated[
    str | None,
    typer.Option("--to", metavar="T|OFFSET", help="Up to here; else to the last one now."),
]
FilterOption = Annotated[
    str | None, typer.Option("--filter", metavar="CESQL", help="Only what this matches as well.")
]
RateOption = Annotated[float, typer.Option("--rate", metavar="N", help="At most so many a second.")]
ToSinkOption = Annotated[
    str | None,
    typer.Option("--to-sink", metavar="URL", help="To this URL, not to the trigger's sink."),
]
InOrderOption = Annotated[
    bool, typer.Option("--in-order", help="One at a time, each after the one before.")
]
IdOption = Annotated[
    str | None,
    typer.Option("--id", metavar="ID", help="Its id: asking twice makes one replay."),
]
NoWaitOption = Annotated[bool, typer.Option("--no-wait", help="Begin it, and do not follow it.")]
