"""Verbs of the admin interface, asked over HTTP."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.deploy.living import PATIENCE_SECONDS, Living


async def verb(headrace: Living, path: str, body: dict[str, Any]) -> tuple[int, Any]:
    """(status, JSON) of a POST to `/api/v1` + `path`."""
    url = f"http://{headrace.process.admin}/api/v1{path}"
    return await asyncio.to_thread(_post, url, json.dumps(body).encode())


def _post(url: str, body: bytes) -> tuple[int, Any]:
    request = Request(url, body, {"content-type": "application/json"}, method="POST")
    try:
        with urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


async def until(headrace: Living, reached: Callable[[], Awaitable[bool]]) -> None:
    """Poll until it is so."""
    clock = headrace.process.clock
    deadline = clock.monotonic() + PATIENCE_SECONDS
    while not await reached():
        assert clock.monotonic() < deadline, "it never came to that"
        await asyncio.sleep(0.02)
