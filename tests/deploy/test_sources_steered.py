"""A source at work, looked at and steered by whoever runs it: over HTTP and by the command line."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from deploy.cli.client import Item
from tests.deploy.living import BROKER, Living, living
from tests.deploy.verbs import until, verb

HOOKS = """---
apiVersion: headrace.dev/v1
kind: WebhookSource
metadata: {name: hooks}
spec: {template: {type: com.example.hook}}
"""
ONE = "/api/v1/sources/default/hooks"
Headrace = Callable[..., Any]


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Living]:
    async with living(tmp_path, BROKER + HOOKS) as one:
        yield one


async def send(headrace: Living, text: str) -> int:
    """Post to the source; gives the status."""
    url = f"http://{headrace.process.ingress}/sources/default/hooks"
    request = Request(
        url, json.dumps({"text": text}).encode(), {"content-type": "application/json"}
    )

    def post() -> int:
        try:
            with urlopen(request, timeout=60) as answer:
                return int(answer.status)
        except HTTPError as error:
            with error:
                return error.code

    return await asyncio.to_thread(post)


async def show(headrace: Living) -> Item:
    shown: Item = (await headrace.get(ONE)).json
    return shown


async def is_connected(headrace: Living) -> bool:
    return bool((await show(headrace))["connected"])


async def test_what_it_has_stored_is_counted(running: Living) -> None:
    await until(running, lambda: is_connected(running))

    assert [await send(running, text) for text in ("a", "b", "a")] == [202, 202, 202]

    shown = await show(running)
    assert (shown["state"], shown["events"], shown["duplicates"]) == ("connected", 2, 1)
    assert shown["spec"]["spec"] == {"template": {"type": "com.example.hook"}}
    assert shown["sink"] == "default/default"
    assert shown["last_event_at"] is not None


async def test_a_paused_source_takes_nothing_until_it_is_resumed(running: Living) -> None:
    await until(running, lambda: is_connected(running))

    assert (await verb(running, "/sources/default/hooks/pause", {"reason": "too much"}))[0] == 200
    while_paused, paused = await send(running, "a"), await show(running)
    assert (await verb(running, "/sources/default/hooks/resume", {}))[1]["changed"] is True
    await until(running, lambda: is_connected(running))

    assert (while_paused, await send(running, "a")) == (503, 202)
    assert (paused["state"], paused["connected"], paused["events"]) == ("paused", False, 0)
    assert (paused["pause"]["by"], paused["pause"]["reason"]) == ("local", "too much")


async def test_a_pause_and_its_reason_outlive_a_restart(tmp_path: Path) -> None:
    async with living(tmp_path, BROKER + HOOKS) as first:
        await verb(first, "/sources/default/hooks/pause", {"reason": "it moves"})

    async with living(tmp_path, BROKER + HOOKS) as second:
        shown = await show(second)
        audit = (await second.get("/api/v1/audit")).json["items"]

    assert (shown["state"], shown["pause"]["reason"]) == ("paused", "it moves")
    assert [(act["verb"], act["by"], act["reason"]) for act in audit] == [
        ("pause-source", "local", "it moves")
    ]


async def test_the_command_line_says_the_same(running: Living, headrace: Headrace) -> None:
    await until(running, lambda: is_connected(running))
    admin = ("--admin", f"http://{running.process.admin}")

    paused = await asyncio.to_thread(headrace, "sources", "pause", "hooks", *admin)
    listed = await asyncio.to_thread(headrace, "sources", *admin)
    shown = await asyncio.to_thread(headrace, "sources", "show", "hooks", *admin)

    assert (paused.exit_code, paused.out) == (0, "default/hooks is paused\n")
    assert listed.out.splitlines()[1].split()[:3] == ["default/hooks", "WebhookSource", "paused"]
    assert "paused by           local" in shown.out
    assert "type: com.example.hook" in shown.out
