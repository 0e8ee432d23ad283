"""`headrace up`: run brokers, triggers, ingress and admin from YAML."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from deploy.addresses import parse_address

DEFAULT_CONFIG = Path("headrace.yaml")


class LogFormat(StrEnum):
    CONSOLE = "console"
    JSON = "json"


OtlpOption = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="collector that gets traces (OTLP over HTTP); else OTEL_EXPORTER_OTLP_ENDPOINT",
    ),
]
TraceRatioOption = Annotated[
    float | None,
    typer.Option(
        help="share of new traces that is kept; else OTEL_TRACES_SAMPLER_ARG, else 1",
        min=0.0,
        max=1.0,
    ),
]

AdminHostOption = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="another host name that the admin listener answers to"),
]
ProofMinutesOption = Annotated[
    float,
    typer.Option(
        help="minutes after which the console asks for the token again before an act on many",
        min=1.0,
        max=480.0,
    ),
]


def up(
    config: Annotated[
        list[Path] | None, typer.Argument(help="YAML files or folders (default ./headrace.yaml)")
    ] = None,
    data: Annotated[
        Path, typer.Option(envvar="HEADRACE_DATA", help="where events are kept")
    ] = Path("headrace-data"),
    listen: Annotated[str, typer.Option(help="HOST:PORT of the ingress")] = "127.0.0.1:8080",
    admin: Annotated[str, typer.Option(help="HOST:PORT of the admin listener")] = "127.0.0.1:8081",
    admin_host: AdminHostOption = None,
    proof_minutes: ProofMinutesOption = 15.0,
    log_format: Annotated[
        LogFormat, typer.Option(help="how log records are written")
    ] = LogFormat.CONSOLE,
    drain_delay: Annotated[
        float, typer.Option(help="seconds to go on accepting after SIGTERM", min=0.0)
    ] = 0.0,
    otlp: OtlpOption = None,
    trace_ratio: TraceRatioOption = None,
) -> None:
    """Run brokers, triggers, the ingress and the admin listener until SIGTERM or Ctrl-C.

    \b
    Examples:
      headrace up headrace.yaml --data ./headrace-data
      headrace up ./config.d --listen 0.0.0.0:8080 --log-format json
      headrace up headrace.yaml --otlp http://127.0.0.1:4318 --trace-ratio 0.1
    """
    from deploy.config.broker_spec import Configuration
    from deploy.config.read import read_configuration
    from deploy.environment import read_environment
    from deploy.process import Options
    from deploy.serve import serve
    from deploy.tracing.options import trace_options

    environment = read_environment()

    def read() -> Configuration:
        paths = config or ([DEFAULT_CONFIG] if DEFAULT_CONFIG.exists() else [])
        return read_configuration(paths, environment.variables)

    configuration = read()
    for warning in configuration.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    options = Options(
        data=data,
        ingress=parse_address(listen, "--listen"),
        admin=parse_address(admin, "--admin"),
        admin_hosts=tuple(admin_host or ()),
        proof_minutes=proof_minutes,
        log_format=log_format.value,
        drain_delay_seconds=drain_delay,
        failpoint=environment.failpoint,
        traces=trace_options(otlp, trace_ratio, environment.variables),
        environment=environment.variables,
        read=read,
    )
    raise typer.Exit(serve(configuration, options))
