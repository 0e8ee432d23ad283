"""Opening one connection: resolve once, judge each address, dial only what was judged."""

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeVar

from broker.clock import Clock
from broker.errors import Unavailable
from sinks.addresses import EgressPolicy
from sinks.http_url import Endpoint

CONNECT_SECONDS_MAX = 5.0
_ADDRESSES_MAX = 8
_LOOKUPS_MAX = 2

Address = tuple[int, Any]  # socket family and what socket.connect takes
Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]
P = TypeVar("P", bound=asyncio.BaseProtocol)


class DialFailed(Unavailable):
    """No connection; `phase` is dns, connect, tls or timeout. The text names no address."""

    code = "dial-failed"

    def __init__(self, phase: str, what: str, *, remedy: str | None = None) -> None:
        super().__init__(what, remedy=remedy)
        self.phase = phase


class Certificates:
    """The TLS settings of a client: 1.2 at least, verified, `ca_file` or the system's.

    The file is read again when it changed, so that a renewed CA needs no restart.
    """

    server_name: str | None = None  # what a certificate is checked for, if not the host

    def __init__(self, ca_file: str | None = None) -> None:
        self._path = Path(ca_file) if ca_file else None
        self._changed_at: int | None = None
        self._context: ssl.SSLContext | None = None

    def context(self) -> ssl.SSLContext:
        """Raises DialFailed where the CA file cannot be read."""
        try:
            changed_at = self._path.stat().st_mtime_ns if self._path else None
            if self._context is None or changed_at != self._changed_at:
                self._context = self._read()
                self._changed_at = changed_at
        except OSError as error:
            raise DialFailed(
                "tls",
                f"the CA file {self._path} cannot be read ({_reason(error)})",
                remedy="name a readable file of PEM certificates",
            ) from error
        return self._context

    def renewed(self) -> ssl.SSLContext:
        """What is on disk now, for `trust`. Raises DialFailed where there is no CA any more."""
        try:
            context = self._read()
        except OSError as error:
            raise DialFailed("tls", f"no CA certificates ({_reason(error)})") from error
        # The system's reader skips what it cannot read, without a word.
        if self._context is not None and _authorities(self._context) and not _authorities(context):
            remedy = "mend the file that SSL_CERT_FILE names, or the system's"
            raise DialFailed("tls", "there are no CA certificates any more", remedy=remedy)
        return context

    def trust(self, context: ssl.SSLContext) -> None:
        """Open connections by `context` from now on."""
        self._context = context

    def _read(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self._path)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


def _authorities(context: ssl.SSLContext) -> int:
    return context.cert_store_stats()["x509_ca"]


async def resolve(host: str, port: int) -> Sequence[Address]:
    """Ask the system's resolver; its spellings of addresses are the ones that count."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, address) for family, _, _, _, address in found]


class Dialer:
    """Opens connections to one endpoint under one egress policy."""

    def __init__(
        self,
        endpoint: Endpoint,
        policy: EgressPolicy,
        certificates: Certificates,
        clock: Clock,
        resolve: Resolve = resolve,
        connect_seconds: float = CONNECT_SECONDS_MAX,
    ) -> None:
        self._endpoint = endpoint
        self._connect_seconds = connect_seconds
        self._policy = policy
        self._certificates = certificates
        self._clock = clock
        self._resolve = resolve
        # A name server that hangs must not take all of the resolver's threads.
        self._lookups = asyncio.Semaphore(_LOOKUPS_MAX)

    async def connect(self, protocol: Callable[[], P], deadline: float) -> P:
        """A connection before `deadline`, and within `connect_seconds`; raises DialFailed."""
        wait_seconds = min(deadline - self._clock.monotonic(), self._connect_seconds)
        until = asyncio.get_running_loop().time() + wait_seconds
        async with _bounded("dns", until):
            addresses = await self._judged()
        failed = DialFailed("connect", "no connection")
        for family, address in addresses:
            try:
                return await self._open(family, address, protocol, until)
            except DialFailed as error:
                failed = error
        raise failed

    async def _judged(self) -> Sequence[Address]:
        host, port = self._endpoint.host, self._endpoint.port
        try:
            addresses = _literal(host, port) or await self._looked_up(host, port)
        except (OSError, UnicodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a host name"
            raise DialFailed("dns", f"the host name does not resolve ({reason})") from error
        refusals = [self._policy.refusal(host, each[0], each[1]) for _, each in addresses]
        allowed = [each for each, refusal in zip(addresses, refusals, strict=True) if not refusal]
        if not allowed:
            refusal = refusals[0] if refusals else "is not known"
            raise DialFailed(
                "connect",
                f"the address of the sink {refusal}",
                remedy="change the URL, or name the address in egress.allow",
            )
        return allowed[:_ADDRESSES_MAX]

    async def _looked_up(self, host: str, port: int) -> Sequence[Address]:
        async with self._lookups:
            return await self._resolve(host, port)

    async def _open(self, family: int, address: Any, protocol: Callable[[], P], until: float) -> P:
        loop = asyncio.get_running_loop()
        connected = socket.socket(family, socket.SOCK_STREAM)
        try:
            connected.setblocking(False)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            async with _bounded("connect", until):
                await loop.sock_connect(connected, address)
            context = self._certificates.context() if self._endpoint.tls else None
        except OSError as error:
            connected.close()
            raise DialFailed("connect", f"no connection ({_reason(error)})") from error
        except BaseException:
            connected.close()
            raise
        async with _bounded("tls" if context else "connect", until):
            return await self._start(connected, context, protocol)

    async def _start(
        self, connected: socket.socket, context: ssl.SSLContext | None, protocol: Callable[[], P]
    ) -> P:
        name = self._certificates.server_name or self._endpoint.host
        host = name if context else None
        try:
            _, made = await asyncio.get_running_loop().create_connection(
                protocol, sock=connected, ssl=context, server_hostname=host
            )
        except ssl.SSLCertVerificationError as error:
            raise DialFailed("tls", f"the certificate: {error.verify_message}") from error
        except ssl.SSLError as error:
            raise DialFailed("tls", f"no TLS session ({error.reason})") from error
        except OSError as error:
            phase = "tls" if context else "connect"
            raise DialFailed(phase, f"no connection ({_reason(error)})") from error
        return made


@asynccontextmanager
async def _bounded(phase: str, until: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout_at(until):
            yield
    except TimeoutError as error:
        raise DialFailed(phase, "no connection in time") from error


def _reason(error: OSError) -> str:
    """The system's word for it; asyncio's own texts would name the address."""
    return os.strerror(error.errno) if error.errno else type(error).__name__


def is_own_address(address: str) -> bool:
    """Whether `address` is one of this machine's: then it would be its own source, too."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect((address, 9))  # a datagram socket sends nothing by connecting
        except OSError:
            return False
        return bool(asking.getsockname()[0] == address)


def _literal(host: str, port: int) -> Sequence[Address]:
    """The address that `host` is, if it is one in its usual spelling: no thread is needed."""
    try:
        address = ip_address(host)
    except ValueError:
        return ()
    if address.version == 4:
        return ((socket.AF_INET, (host, port)),)
    return ((socket.AF_INET6, (host, port, 0, 0)),) if "%" not in host else ()
