"""Which tests one process runs, where several run side by side (`--dist loadgroup`).

A file's tests stay together, so that what a module sets up is set up once; and so do all that
ask for the same real server, so that there is one of each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import Scheduling


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    if config.getvalue("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadGroupScheduling

    class Together(LoadGroupScheduling):
        def _split_scope(self, nodeid: str) -> str:
            """Its group, or its file."""
            return super()._split_scope(nodeid).partition("::")[0]

    return Together(config, log)
