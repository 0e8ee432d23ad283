"""HTTP to one API server: JSON answers and streams of lines, bounded, with errors of ours."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import orjson

from broker.errors import HeadraceError, TooLarge, Unavailable
from sources.api_server.access import Access, read_token
from sources.api_server.objects import odd_answer
from sources.api_server.refusals import Right, refusal
from sources.api_server.tls import tls_context, tls_error

ANSWER_BYTES_MAX = 8 * 1024 * 1024  # parsed, some ten times that
REFUSAL_BYTES_MAX = 64 * 1024
_CONNECT_SECONDS_MAX = 10.0
_ANSWER_SECONDS_MAX = 60.0
_SILENCE_SECONDS_MAX = 30.0  # within an answer, or of a watch beyond the time it asked for
_PROBE_SECONDS = 15  # a peer that is gone without a word is known after four of these

Query = Mapping[str, str]


class Client:
    """Made by `open_client`. The token file is read for every request."""

    def __init__(self, access: Access, session: aiohttp.ClientSession) -> None:
        self.url = access.url
        self._access = access
        self._session = session

    async def get(self, path: str, query: Query, right: Right) -> Any:
        """The JSON at `path`. TooLarge where it has more than ANSWER_BYTES_MAX."""
        return await self._answer("GET", path, query, right, None)

    async def post(self, path: str, body: Any, right: Right) -> Any:
        return await self._answer("POST", path, {}, right, orjson.dumps(body))

    async def _answer(
        self, method: str, path: str, query: Query, right: Right, body: bytes | None
    ) -> Any:
        timeout = aiohttp.ClientTimeout(
            total=_ANSWER_SECONDS_MAX,
            sock_connect=_CONNECT_SECONDS_MAX,
            sock_read=_SILENCE_SECONDS_MAX,
        )
        try:
            async with self._request(method, path, query, timeout, body) as response:
                await self._refuse_others(response, right)
                content = await read_bounded(response, ANSWER_BYTES_MAX)
        except (aiohttp.ClientError, OSError) as error:
            raise self._translated(error) from error
        try:
            return orjson.loads(content)
        except ValueError as error:
            raise odd_answer("no JSON") from error

    @asynccontextmanager
    async def stream(
        self, path: str, query: Query, right: Right, seconds: float
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """The body of an answer as it comes, for about `seconds`; then it has ended.

        A connection that breaks meanwhile ends it too: whoever watches goes on from where
        it is, and finds out what is wrong when it connects again.
        """
        timeout = aiohttp.ClientTimeout(
            total=None,
            sock_connect=_CONNECT_SECONDS_MAX,
            sock_read=seconds + _SILENCE_SECONDS_MAX,
        )
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(_ANSWER_SECONDS_MAX):  # for the beginning of it
                    request = self._request("GET", path, query, timeout, None)
                    response = await stack.enter_async_context(request)
                await self._refuse_others(response, right)
                stack.callback(_abort, response)
                yield _chunks(response)
        except (aiohttp.ClientError, OSError) as error:
            raise self._translated(error) from error

    @asynccontextmanager
    async def _request(
        self,
        method: str,
        path: str,
        query: Query,
        within: aiohttp.ClientTimeout,
        body: bytes | None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        async with self._session.request(
            method,
            self.url + path,
            params=query,
            data=body,
            headers=await self._headers(),
            timeout=within,
            server_hostname=self._access.server_name,
            allow_redirects=False,  # a token is for this address alone
        ) as response:
            yield response

    async def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        token = self._access.token
        if self._access.token_file is not None:
            token = await asyncio.to_thread(read_token, self._access.token_file)
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return headers

    async def _refuse_others(self, response: aiohttp.ClientResponse, right: Right) -> None:
        if response.status in (200, 201):
            return
        try:
            body = await read_bounded(response, REFUSAL_BYTES_MAX)
        except TooLarge:
            body = b"an answer of odd size"
        raise refusal(response.status, body, right, self.url)

    def _translated(self, error: Exception) -> HeadraceError:
        return tls_error(error, self._access) or Unavailable(
            f"the API server does not answer: {reason_of(error)}",
            where=self.url,
            remedy="check the address, and that the server runs",
        )


@asynccontextmanager
async def open_client(access: Access) -> AsyncIterator[Client]:
    """A client for as long as the context lasts; makes no connection yet."""
    context = await asyncio.to_thread(tls_context, access)
    connector = aiohttp.TCPConnector(ssl=context, limit=0, socket_factory=_watchful_socket)
    async with aiohttp.ClientSession(
        connector=connector, trust_env=False, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        yield Client(access, session)


async def read_bounded(response: aiohttp.ClientResponse, bytes_max: int) -> bytes:
    """The whole body. Raises TooLarge as soon as it is known to be larger."""
    parts: list[bytes] = []
    size_bytes = 0
    async for chunk in response.content.iter_any():
        size_bytes += len(chunk)
        if size_bytes > bytes_max:
            raise TooLarge(f"an answer of more than {bytes_max} bytes", remedy="ask for less")
        parts.append(chunk)
    return b"".join(parts)


def _abort(response: aiohttp.ClientResponse) -> None:
    """End a connection on which more would come: a polite end of TLS waits for the peer's."""
    connection = response.connection  # None where the answer has ended
    if connection is not None and connection.transport is not None:
        connection.transport.abort()


async def _chunks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.content.iter_any():
            yield chunk
    except (aiohttp.ClientError, OSError):
        return


def _watchful_socket(address: Any) -> socket.socket:
    """Probed by the system: a watch may be silent for minutes while all is well."""
    family, kind, protocol, *_ = address
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", _PROBE_SECONDS), ("TCP_KEEPINTVL", _PROBE_SECONDS),
                          ("TCP_KEEPCNT", 3)):  # fmt: skip
        if hasattr(socket, option):
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    return made


def reason_of(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it takes too long"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error)[:200] or type(error).__name__
