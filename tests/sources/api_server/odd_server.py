"""An API server of a few lines, for the very bytes that the real one cannot be made to send."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

Answering = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
KINDS = {
    "resources": [
        {"name": "things/status", "kind": "Thing", "namespaced": True, "verbs": ["get"]},
        {"name": "things", "kind": "Thing", "namespaced": True, "verbs": ["list", "watch"]},
    ]
}
PATH = "/apis/odd.example.com/v1"


def thing(name: str, version: int = 1, data: str = "") -> dict[str, Any]:
    metadata = {"name": name, "namespace": "a", "uid": f"uid-{name}"}
    return {"metadata": {**metadata, "resourceVersion": str(version)}, "data": data}


def listed(*things: dict[str, Any], version: int = 100, token: str = "") -> web.Response:
    metadata = {"resourceVersion": str(version), **({"continue": token} if token else {})}
    return web.json_response({"metadata": metadata, "items": list(things)})


def expired() -> web.Response:
    return web.json_response({"message": "expired", "reason": "Expired", "code": 410}, status=410)


@asynccontextmanager
async def odd_server(lists: Answering, watches: Answering) -> AsyncIterator[str]:
    """Serves the kind Thing; gives the URL. Lists and watches are answered as told."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == PATH:
            return web.json_response(KINDS)
        return await (watches if "watch" in request.query else lists)(request)

    runner = web.ServerRunner(web.Server(answer, handler_cancellation=True), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def stream(request: web.BaseRequest, *lines: bytes, hold: bool = True) -> web.StreamResponse:
    """A watch that sends `lines`, and then nothing until the other side has enough."""
    response = web.StreamResponse()
    await response.prepare(request)
    for line in lines:
        await response.write(line)
    if hold:
        await asyncio.Event().wait()  # cancelled when the other side is gone
    return response
