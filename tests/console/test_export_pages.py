"""An export from a browser: its plan on a page first, then the file."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from broker.storage.rows import Checkpoint
from deploy.access.roles import Role
from tests.console.conftest import Reader
from tests.contracts.store import letter
from tests.deploy.asking import make_asking

PLANS = "/dead-letters/plans"


@pytest.fixture
async def viewer(tmp_path: Path) -> AsyncIterator[Reader]:
    """Of a broker with one dead letter."""
    asking = await make_asking(tmp_path)
    await asking.token("admin", Role.ADMIN)
    written: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    log = asking.running.brokers["default/b"].engine.log
    log.checkpoint(Checkpoint(dead_letters=(letter("x"),)), written.set_result)
    await written
    reader = Reader(asking)
    await reader.sign_in(await asking.token("ann", Role.VIEWER))
    yield reader
    await asking.close()


async def test_an_export_is_shown_before_it_is_downloaded(viewer: Reader) -> None:
    made = await viewer.post(PLANS, verb="export", where="TRUE")
    page = (await viewer.get(made.headers["location"])).body.decode()
    led = await viewer.get(made.headers["location"] + "/export")
    file = await viewer.get(led.headers["location"])

    assert made.status == led.status == 303
    assert "Export 1 dead letter?" in page
    assert f'href="{made.headers["location"]}/export"' in page
    assert "attachment" in file.headers["content-disposition"]
    assert file.json["dead_letter"]["id"] == "x"


@pytest.mark.parametrize("verb", ["redrive", "discard", "restore"])
async def test_a_viewer_plans_nothing_else(viewer: Reader, verb: str) -> None:
    told = await viewer.post(PLANS, verb=verb, where="TRUE")

    assert told.status == 403
