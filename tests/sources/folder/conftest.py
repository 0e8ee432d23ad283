"""A folder with a source that is not started yet."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.sources.folder.dropping import Dropping


@pytest.fixture
async def dropping(tmp_path: Path) -> AsyncIterator[Dropping]:
    (tmp_path / "drop").mkdir()
    made = Dropping(tmp_path / "drop")
    await made.inside.open()
    yield made
    await made.inside.close()
