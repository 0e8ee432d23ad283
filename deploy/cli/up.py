"""`headrace up`: run brokers, triggers, ingress and admin from YAML."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from deploy.addresses import parse_address


class LogFormat(StrEnum):
    CONSOLE = "console"
    JSON = "json"


def up(
    config: Annotated[
        list[Path] | None, typer.Argument(help="YAML files or folders (default ./headrace.yaml)")
    ] = None,
    data: Annotated[
        Path, typer.Option(envvar="HEADRACE_DATA", help="where events are kept")
    ] = Path("headrace-data"),
    listen: Annotated[str, typer.Option(help="HOST:PORT of the ingress")] = "127.0.0.1:8080",
    admin: Annotated[str, typer.Option(help="HOST:PORT of the admin listener")] = "127.0.0.1:8081",
    log_format: Annotated[
        LogFormat, typer.Option(help="how log records are written")
    ] = LogFormat.CONSOLE,
    drain_delay: Annotated[
        float, typer.Option(help="seconds to go on accepting after SIGTERM", min=0.0)
    ] = 0.0,
) -> None:
    """Run brokers, triggers, the ingress and the admin listener until SIGTERM or Ctrl-C.

    \b
    Examples:
      headrace up headrace.yaml --data ./headrace-data
      headrace up ./config.d --listen 0.0.0.0:8080 --log-format json
    """
    from deploy.config.read import read_configuration
    from deploy.environment import read_environment
    from deploy.process import Options
    from deploy.serve import serve

    environment = read_environment()
    paths = config or ([Path("headrace.yaml")] if Path("headrace.yaml").exists() else [])
    configuration = read_configuration(paths, environment.variables)
    for warning in configuration.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    options = Options(
        data=data,
        ingress=parse_address(listen, "--listen"),
        admin=parse_address(admin, "--admin"),
        log_format=log_format.value,
        drain_delay_seconds=drain_delay,
        failpoint=environment.failpoint,
    )
    raise typer.Exit(serve(configuration, options))
