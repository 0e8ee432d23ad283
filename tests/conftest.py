"""For every test: a stack of all threads if one takes longer than any may.

Properties are about what is true and not about how fast: on a busy machine any example is slow.
"""

import asyncio
import faulthandler
import os
import socket
from collections.abc import Callable, Iterator, Mapping

import pytest
from hypothesis import settings

from tests.ending_loop import EndingLoop

TEST_SECONDS_MAX = 1200 if os.environ.get("HEADRACE_LONG") else 240

pytest_plugins = ("tests.servers.plugin", "tests.sharing")


def pytest_configure() -> None:
    settings.register_profile("headrace", deadline=None)
    settings.load_profile("headrace")


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"stock": EndingLoop}


@pytest.fixture(autouse=True)
def _say_where_it_hangs() -> Iterator[None]:
    faulthandler.dump_traceback_later(TEST_SECONDS_MAX, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture
def refused_port() -> Iterator[int]:
    """One that is held, so that nobody else gets it, and where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])
