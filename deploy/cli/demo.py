"""`headrace demo`: the whole journey on embedded defaults, in a data folder of its own."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="end after checking the counts: exit 0 or 1")
    ] = False,
    folder: Annotated[Path, typer.Option(help="each run makes a fresh folder in this one")] = Path(
        "headrace-demo"
    ),
    listen: Annotated[str, typer.Option(help="HOST:PORT of the ingress")] = "127.0.0.1:8080",
    admin: Annotated[str, typer.Option(help="HOST:PORT of the admin listener")] = "127.0.0.1:8081",
) -> None:
    """Classify 150 irises with a model, by file and one by one, and see what failed and why.

    Puts two CSV files into a watched folder, one with spoiled rows: predictions, errors and a
    manifest appear beside them. Then publishes the measurements as CloudEvents over HTTP: one
    trigger carries them to an ONNX model in process, a second one carries the predictions to a
    file, a third one meets a subscriber that refuses some, so that there are dead letters.

    \b
    Examples:
      headrace demo
      headrace demo --once --listen 127.0.0.1:0 --admin 127.0.0.1:0
    """
    from deploy.addresses import parse_address
    from deploy.demo.journey import Journey
    from deploy.serve import run_loop

    journey = Journey(folder, parse_address(listen, "--listen"), parse_address(admin, "--admin"))
    raise typer.Exit(run_loop(journey.run(once)))
