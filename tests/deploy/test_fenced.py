"""A process whose store has a new owner says so in its metrics until it has ended."""

import asyncio
import sys
from pathlib import Path
from typing import Any

from deploy.exporters import render_metrics
from tests.deploy.living import event, living

# In a process of its own: closing a file drops all locks that this process holds on it.
TAKE_OVER = """
import apsw, sys
connection = apsw.Connection(sys.argv[1])
connection.set_busy_timeout(10_000)
connection.execute("UPDATE partition SET owner_epoch = owner_epoch + 1")
connection.close()
"""


async def test_a_write_that_a_new_owner_forbids_is_counted(tmp_path: Path) -> None:
    async with living(tmp_path) as headrace:
        process = headrace.process
        before, _ = await render_metrics(process.running)
        file = tmp_path / "data" / "default" / "default.db"
        taking = await asyncio.create_subprocess_exec(sys.executable, "-c", TAKE_OVER, str(file))
        assert await taking.wait() == 0

        answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        process.running.brokers["default/default"].intake.accept([event(1)], answered.set_result)
        await asyncio.wait_for(process.stopping.wait(), 30)
        after, _ = await render_metrics(process.running)

    line = b'headrace_fenced_total{broker="default/default"} %d.0'
    assert isinstance(answered.result(), Exception)
    assert line % 0 in before
    assert line % 1 in after
