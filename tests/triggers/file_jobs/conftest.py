"""File jobs read and write in threads: they need a loop that waits."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest

from tests.ending_loop import EndingLoop
from tests.triggers.file_jobs.works import Works


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"waiting": EndingLoop}


@pytest.fixture
async def works(tmp_path: Path) -> AsyncIterator[Works]:
    made = Works(tmp_path)
    yield made
    await made.stop()
