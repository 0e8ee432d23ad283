"""Every engine under the same suite."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contracts.store import KINDS, Store


@pytest.fixture(params=KINDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    made = KINDS[request.param](tmp_path)
    await made.open()
    yield made
    await made.engine.log.close()
