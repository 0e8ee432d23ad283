"""Which tests stay in one process, where several run side by side (`--dist loadfile`).

Those of a file, so that what a module sets up is set up once; and all that ask for the same
real server, so that there is one of each. A test's path or parameter names its server.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import Scheduling

SERVERS = {
    "kafka": re.compile(r"kafka", re.IGNORECASE),
    "minio": re.compile(r"minio|/s3/|s3_|\[s3|S3Source"),
    "chromium": re.compile(r"chromium"),
    "kubernetes": re.compile(r"kubernetes|/api_server/|ApiServerSource"),
    "kserve": re.compile(r"kserve", re.IGNORECASE),
    "mlserver": re.compile(r"mlserver", re.IGNORECASE),
    "triton": re.compile(r"triton", re.IGNORECASE),
    "litellm": re.compile(r"litellm", re.IGNORECASE),
    "llama": re.compile(r"llama", re.IGNORECASE),
}


def server_of(test: str) -> str | None:
    """The real server that a test of this id may ask for."""
    return next((name for name, named in SERVERS.items() if named.search(test)), None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Together(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            """The name of all that stays together."""
            return server_of(nodeid) or super()._split_scope(nodeid)

    return Together(config, log)
