"""Where `make servers` put the programs, and what a test says where one is missing."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import pytest

VARIABLE = "HEADRACE_CACHE"
REQUIRED = "HEADRACE_REQUIRE_SERVERS"


class Missing(Exception):
    """A server cannot be had here; says which, why, and what gets it.

    Where servers are required, one that `make servers` does not get everywhere is not.
    """

    def __init__(
        self, server: str, reason: str, remedy: str = "make servers", is_required: bool = True
    ) -> None:
        super().__init__(f"no {server}: {reason}; remedy: {remedy}")
        self.is_required = is_required


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder that tests/servers/install.sh fills."""
    return Path(environ.get(VARIABLE) or Path.home() / ".cache" / "headrace-tests")


def tell_missing(missing: Missing) -> NoReturn:
    """Skip the test in one line, or fail it in one where servers are required."""
    if missing.is_required and os.environ.get(REQUIRED) == "1":
        pytest.fail(str(missing), pytrace=False)
    pytest.skip(str(missing))
