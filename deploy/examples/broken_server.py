"""Serves the model of broken-morning.yaml. Needs aiohttp, which comes with the extra `s3`."""

import asyncio

from aiohttp import web

from broker.errors import Unavailable
from deploy.examples.broken_model import SCORED, version_7, version_8


class Model:
    """Version 7 until it is mended, by a POST to /mend."""

    def __init__(self) -> None:
        self.mended = asyncio.Event()

    async def score(self, request: web.Request) -> web.StreamResponse:
        data = await request.json()
        said = (version_8 if self.mended.is_set() else version_7)(data)
        if said.status == 0 and request.transport is not None:
            request.transport.abort()  # as when a worker is killed for want of memory
        if said.score is None:
            return web.json_response({"error": said.words}, status=said.status or 500)
        event = {
            "ce-specversion": "1.0",
            "ce-id": f"score-{request.headers.get('ce-id', '')}",
            "ce-source": "/models/fraud",
            "ce-type": SCORED,
        }
        return web.json_response(data | {"score": said.score}, headers=event)

    async def mend(self, _: web.Request) -> web.StreamResponse:
        self.mended.set()
        return web.Response(text="mended\n")


async def serve(host: str, port: int) -> tuple[Model, web.AppRunner]:
    """Listen; the caller cleans up the runner. Raises Unavailable where the port is taken."""
    model, application = Model(), web.Application()
    application.add_routes([web.post("/score", model.score), web.post("/mend", model.mend)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        await runner.cleanup()
        raise Unavailable(
            f"the model cannot listen on port {port}: {error.strerror}",
            remedy="end what does, or choose another by --port and in broken-morning.yaml",
        ) from error
    return model, runner
