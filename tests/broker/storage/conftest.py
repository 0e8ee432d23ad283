"""A SQLite store in a folder of its own, and the errors that stopped it for good."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from broker.errors import HeadraceError
from broker.storage.sqlite.engine import SqliteEngine
from tests.contracts.store import Store, small_options


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "default" / "b.db"


@pytest.fixture
def fatal() -> list[HeadraceError]:
    return []


@pytest.fixture
async def store(path: Path, fatal: list[HeadraceError]) -> AsyncIterator[Store]:
    options = small_options(on_fatal=fatal.append)
    made = Store(lambda clock: SqliteEngine(path, clock, options))
    await made.open()
    yield made
    await made.engine.log.close()
