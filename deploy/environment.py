"""The environment, read once, here and nowhere else."""

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Environment:
    """`variables` are for `${env:…}` references and OTEL_…; `failpoint` for fault tests only."""

    variables: Mapping[str, str]
    failpoint: str | None


def read_environment() -> Environment:
    return Environment(dict(os.environ), os.environ.get("HEADRACE_FAILPOINT"))
