"""`headrace verify`."""

from pathlib import Path
from typing import Annotated

import typer


def verify(
    data: Annotated[
        Path, typer.Option(envvar="HEADRACE_DATA", help="the data folder; no process may own it")
    ] = Path("headrace-data"),
) -> None:
    """Prove that a data folder has lost nothing: integrity, gaps, and the sums of every trigger.

    Reads every event and counts again what each trigger's filter matched; changes nothing.
    Exits 1 with a list if anything is missing.

    \b
    Examples:
      headrace verify --data ./headrace-data
    """
    from broker.errors import Invalid
    from deploy.verification import verify_folder

    verdicts = verify_folder(data)
    if not verdicts:
        raise Invalid(
            f"no broker in {data}",
            where="--data",
            remedy="name the folder that `headrace up --data` was given",
        )
    for verdict in verdicts:
        for note in verdict.notes:
            print(f"{verdict.broker}: {note}")
        for mistake in verdict.mistakes:
            print(f"{verdict.broker}: WRONG {mistake}")
        if not verdict.mistakes:
            events, triggers = verdict.events, verdict.triggers
            print(f"{verdict.broker}: whole; {events} events, {triggers} triggers add up")
    if any(verdict.mistakes for verdict in verdicts):
        raise typer.Exit(1)
