"""A front before a real S3 server: some requests it answers itself, or late."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import ClientSession, DummyCookieJar, web
from yarl import URL

from tests.servers.minio import MinioServer

Answer = Callable[[web.Request], Awaitable[web.StreamResponse | None]]


@asynccontextmanager
async def fronted(
    server: MinioServer, answer: Answer, tls: ssl.SSLContext | None = None
) -> AsyncIterator[str]:
    """Gives its URL; what `answer` gives None for is the server's own answer."""
    own = ("Accept-Encoding", "User-Agent")
    async with ClientSession(cookie_jar=DummyCookieJar(), skip_auto_headers=own) as session:

        async def handle(request: web.Request) -> web.StreamResponse:
            given = await answer(request)
            return given if given is not None else await passed(request, server, session)

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()


async def passed(
    request: web.Request, server: MinioServer, session: ClientSession
) -> web.StreamResponse:
    """The server's answer, as it comes; the signed Host is kept."""
    url = URL(f"{server.url}{request.raw_path}", encoded=True)
    async with session.get(url, headers=request.headers, allow_redirects=False) as got:
        kept = {
            name: got.headers[name] for name in ("Server", "Content-Type") if name in got.headers
        }
        response = web.StreamResponse(status=got.status, headers=kept)
        await response.prepare(request)
        async for chunk in got.content.iter_any():
            await response.write(chunk)
        await response.write_eof()
        return response


def is_listing(request: web.Request) -> bool:
    return "list-type" in request.query or "versions" in request.query


def is_stream(request: web.Request) -> bool:
    return "events" in request.query
