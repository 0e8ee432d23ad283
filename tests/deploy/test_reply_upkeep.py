"""A process removes the data of large replies that is older than its sink lets it be."""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

from deploy.reply_upkeep import remove_old
from tests.deploy.living import living
from tests.deploy.model_house import TRIGGER, written
from tests.servers.ports import free_ports

OLD, YOUNG = "a" * 52, "b" * 52
DAY_SECONDS = 86_400.0
DAYS = ", overflowMaxAge: P30D"


def configured(folder: Path, age: str = "") -> str:
    """A sink whose model nobody asks; its large replies are below `folder`."""
    reply = f"reply: {{type: classified, overflow: 'file:{folder}/large'{age}}}"
    return written(folder, free_ports(1)[0]).replace("reply: {type: classified}", reply)


def replies(folder: Path) -> list[Path]:
    """One of 31 days, and one of now."""
    folder.mkdir()
    files = [folder / OLD, folder / YOUNG]
    for file in files:
        file.write_bytes(b"[1]")
    past = time.time() - 31 * DAY_SECONDS
    os.utime(files[0], (past, past))
    return files


async def until(is_so: Callable[[], bool], seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():
            await asyncio.sleep(0.01)


async def test_a_process_removes_what_is_too_old(tmp_path: Path) -> None:
    old, young = replies(tmp_path / "large")

    async with living(tmp_path, configured(tmp_path, DAYS)) as headrace:
        await until(lambda: "overflow.removed" in headrace.log.getvalue())

    assert (old.exists(), young.exists()) == (False, True)


async def test_it_does_so_for_a_sink_that_no_trigger_has(tmp_path: Path) -> None:
    old, young = replies(tmp_path / "large")
    text = configured(tmp_path, DAYS).replace(TRIGGER, "")

    async with living(tmp_path, text) as headrace:
        await until(lambda: "overflow.removed" in headrace.log.getvalue())

    assert not headrace.process.running.lanes()
    assert (old.exists(), young.exists()) == (False, True)


async def test_without_an_age_all_is_kept(tmp_path: Path) -> None:
    old, young = replies(tmp_path / "large")

    async with living(tmp_path, configured(tmp_path)) as headrace:
        await remove_old(headrace.process.running)

    assert (old.exists(), young.exists()) == (True, True)


async def test_what_cannot_be_removed_is_told(tmp_path: Path) -> None:
    (tmp_path / "large").write_text("no folder")

    async with living(tmp_path, configured(tmp_path, DAYS)) as headrace:
        await until(lambda: "overflow.left" in headrace.log.getvalue())

    assert "default/iris" in headrace.log.getvalue()
