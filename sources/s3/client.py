"""The requests of an S3Source, bounded and signed; every failure told in its own words."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import NamedTuple, Self

import aiohttp
from yarl import URL

from broker.clock import Clock
from broker.errors import Forbidden, HeadraceError, Invalid, Unavailable
from sources.s3.addresses import Address
from sources.s3.answers import error_of
from sources.s3.options import S3Options, Tls
from sources.s3.xml import parse, texts_of

ANSWER_BYTES_MAX = 16 * 1024 * 1024  # a page of 1,000 keys of 1,024 characters, each escaped
CHUNK_BYTES_MAX = 64 * 1024
CONNECT_SECONDS_MAX = 5.0
SILENCE_SECONDS_MAX = 10.0  # between two chunks of an answer; the stream pings each second
ANSWER_SECONDS_MAX = 60.0
PING_SECONDS = 1

LIST = "s3:ListBucket"
LIST_VERSIONS = "s3:ListBucketVersions"
VERSIONING = "s3:GetBucketVersioning"
LOCATION = "s3:GetBucketLocation"
LISTEN = "s3:ListenBucketNotification"

_ANSWER_TIMEOUT = aiohttp.ClientTimeout(
    total=ANSWER_SECONDS_MAX, connect=CONNECT_SECONDS_MAX, sock_read=30.0
)
_STREAM_TIMEOUT = aiohttp.ClientTimeout(
    total=None, connect=CONNECT_SECONDS_MAX, sock_read=SILENCE_SECONDS_MAX
)
Query = Mapping[str, str | tuple[str, ...]]


class BucketFacts(NamedTuple):
    """What a server says of the bucket; `event_source` as its notifications have it."""

    is_versioned: bool
    event_source: str
    region: str


class S3Client:
    """`async with S3Client(options, clock) as client:`; nothing is open behind it."""

    def __init__(self, options: S3Options, clock: Clock) -> None:
        self._options = options
        self._clock = clock
        self._address = Address(options)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        tls = await asyncio.to_thread(_trust, self._options.tls)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=tls, limit=4),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            headers={"accept-encoding": "identity"},
            skip_auto_headers=("User-Agent",),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(self, query: Query, right: str) -> bytes:
        """The whole answer. Raises what `answers.error_of` says, or Unavailable."""
        async with self._asked(query, right, _ANSWER_TIMEOUT) as answer:
            return await _read(answer)

    async def facts(self) -> BucketFacts:
        """Reach the bucket and learn what listing and telling need."""
        async with self._asked({"versioning": ""}, VERSIONING, _ANSWER_TIMEOUT) as answer:
            is_minio = "minio" in answer.headers.get("Server", "").lower()
            status = texts_of(parse(await _read(answer))).get("Status", "")
        source = "minio:s3" if is_minio else "aws:s3"
        return BucketFacts(bool(status), source, await self._region(is_minio))

    async def _region(self, is_minio: bool) -> str:
        """The region as notifications name it: at MinIO none where none was set."""
        if not is_minio:
            return self._options.region
        try:
            found = parse(await self.get({"location": ""}, LOCATION))
        except Forbidden:  # a matter of names alone
            return ""
        return found.text or ""

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[AsyncIterator[bytes]]:
        """The stream of notifications, subscribed to: chunks of lines, a ping each second.

        Raises Invalid(code="not-implemented") where the server has none.
        """
        query: Query = {
            "events": ("s3:ObjectCreated:*", "s3:ObjectRemoved:*"),
            "prefix": self._options.prefix,
            "suffix": self._options.suffix,
            "ping": str(PING_SECONDS),
        }
        async with self._asked(query, LISTEN, _STREAM_TIMEOUT) as answer:
            yield self._chunks(answer)

    async def _chunks(self, answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        try:
            while chunk := await answer.content.readany():
                yield chunk
        except (aiohttp.ClientError, OSError) as error:
            raise self._fault(error) from error

    @asynccontextmanager
    async def _asked(
        self, query: Query, right: str, limits: aiohttp.ClientTimeout
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        assert self._session is not None
        pairs = [
            (name, one)
            for name, value in query.items()
            for one in ((value,) if isinstance(value, str) else value)
        ]
        request = self._address.request(pairs, self._clock.now())
        try:
            async with self._session.get(
                URL(request.url, encoded=True),
                headers=request.headers,
                allow_redirects=False,
                timeout=limits,
            ) as answer:
                if answer.status != 200:
                    body = await _read(answer)
                    raise error_of(self._options, answer.status, answer.headers, body, right)
                yield answer
        except (aiohttp.ClientError, OSError) as error:
            raise self._fault(error) from error

    def _fault(self, error: Exception) -> HeadraceError:
        """What became of a request that was not answered."""
        where = self._options.endpoint
        if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
            return Invalid(
                f"no trusted connection: {error}",
                code="tls",
                where="spec.tls",
                remedy="name in tls.caFile who signed the server's certificate",
            )
        if isinstance(error, aiohttp.ClientConnectorDNSError):
            what, remedy = "its name is not known", "mend spec.endpoint, or the name server"
        elif isinstance(error, aiohttp.ClientConnectorError):
            what = f"no connection: {error.os_error.strerror or error.os_error}"
            remedy = "start the server, or mend spec.endpoint"
        elif isinstance(error, TimeoutError):
            what, remedy = "it does not answer in time", "look at the server and the network"
        else:
            what = f"the connection was lost ({type(error).__name__})"
            remedy = "it is made again by itself; look at the server if it lasts"
        return Unavailable(f"the S3 server is out of reach: {what}", where=where, remedy=remedy)


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    while chunk := await answer.content.read(CHUNK_BYTES_MAX):
        body += chunk
        if len(body) > ANSWER_BYTES_MAX:
            what = f"the server's answer has over {ANSWER_BYTES_MAX:,} bytes"
            raise Unavailable(what, code="not-s3", remedy="name the address of an S3 server")
    return bytes(body)


def _trust(tls: Tls) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=tls.ca_file or None)
        if tls.cert_file:
            context.load_cert_chain(tls.cert_file, tls.key_file or None)
    except (OSError, ssl.SSLError) as error:
        raise Invalid(
            f"a file of its TLS settings cannot be used: {error.strerror or error}",
            code="tls",
            where="spec.tls",
            remedy="name PEM files that this process may read",
        ) from error
    return context
