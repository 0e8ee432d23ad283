"""Before any route: whose listener is meant, which page asks, who asks, and how much.

A plain ASGI layer, so that what is refused here costs no routing. In order: the Host (421),
the Origin of what changes something (403), the token or the session (401, 429), the body, read
whole within its bounds (413, 408), the media type (415), the proof that a page of this listener
asks (403). Answers get the headers that keep browsers from doing more than showing them.
"""

import asyncio
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from fastapi import Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from broker.errors import Forbidden, HeadraceError, Invalid, TooLarge
from broker.problem import problem, problem_of
from deploy.access.book import unauthorized
from deploy.access.exposure import LOOPBACK
from deploy.access.roles import LOCAL, Principal, Role
from deploy.access.sessions import Sessions
from deploy.admin.hiding import Hiding
from deploy.console import door as pages
from deploy.running import Running

BODY_BYTES_MAX = 1 << 20
BODY_SECONDS = 15.0
OPEN_PATHS = frozenset({"/healthz", "/readyz"})  # for whoever restarts or routes by them
METRICS_PATH = "/metrics"
CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
ANSWER_HEADERS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
}


@dataclass(frozen=True, slots=True)
class Door:
    """For whom a listener answers: Hosts by name, and beyond loopback by any address too."""

    hosts: frozenset[str] = LOOPBACK
    is_exposed: bool = False  # it listens beyond loopback

    @property
    def is_private(self) -> bool:
        """Nobody comes from elsewhere, not through a proxy either."""
        return not self.is_exposed and self.hosts <= LOOPBACK

    def knows(self, host: str | None) -> bool:
        if host in self.hosts:
            return True
        # A page of another site that resolves its name to this machine sends that name;
        # an address in Host was asked for as such, by probes and scrapers mostly.
        return self.is_exposed and host is not None and _is_address(host)


def door_of(listening: str, names: Iterable[str]) -> Door:
    """The door of a listener on host `listening` that is also known by `names`."""
    names = frozenset(name.lower() for name in names)
    return Door(LOOPBACK | names, listening not in LOOPBACK)


class Gate:
    """The layer around the application of `running`."""

    def __init__(
        self, app: ASGIApp, running: Running, door: Door, sessions: Sessions | None = None
    ) -> None:
        self._app = app
        self._running = running
        self._door = door
        self._sessions = Sessions(running.clock) if sessions is None else sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError("the admin listener speaks HTTP only")
        headers = Headers(scope=scope)
        answer = _Answer(send)
        try:
            self._check_host(headers)
            if scope["method"] in CHANGING:
                check_origin(headers)
            scope.setdefault("state", {})["session"] = None
            scope["state"]["principal"] = await self._sign_in(scope, headers)
            if scope["method"] in CHANGING:
                body = await read_body(headers, receive)
                if not pages.takes_form(scope["path"], headers):
                    check_media_type(scope["method"], headers, body)
                pages.check_proof(scope["path"], headers, body, scope["state"]["session"])
                receive = _replay(body, receive)
        except HeadraceError as error:
            refused = pages.refusal(scope, headers, error, refuse(error))
            await refused(scope, receive, answer)
            return
        await self._pass_on(scope, receive, answer)

    async def _pass_on(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        by: Principal | None = scope["state"]["principal"]
        sees_payload = by is None or by.role >= Role.VIEWER
        try:
            await self._app(scope, receive, answer if sees_payload else Hiding(answer))
        except Exception as error:  # noqa: BLE001 - the one place where a route's defect ends
            self._running.telemetry.emit(
                "admin.failed", method=scope["method"], path=scope["path"], error=_place(error)
            )
            if not answer.has_begun:
                what = "this is a defect of headrace, not of what was asked"
                told = problem(500, "defect", what, remedy="please report it, with its log record")
                await _response(told)(scope, receive, answer)

    def _check_host(self, headers: Headers) -> None:
        host = host_of(headers.get("host", ""))
        if not self._door.knows(host):
            raise Invalid(
                f"this listener does not answer for host {host!r}",
                code="wrong-host",
                remedy="use its own address, or name the host with headrace up --admin-host",
            )

    async def _sign_in(self, scope: Scope, headers: Headers) -> Principal | None:
        """Who asks; None only where it does not matter. Raises Unauthorized, Overloaded."""
        tokens, path = self._running.tokens, scope["path"]
        if path in OPEN_PATHS or pages.is_open(path):
            return None
        if tokens is None or tokens.is_open:  # nobody ever made a token
            if self._door.is_exposed:
                raise unauthorized("this takes a token, and there is none yet")
            scope["state"]["session"] = self._sessions.local if pages.is_page(path) else None
            return LOCAL
        if path == METRICS_PATH and self._door.is_private:
            return LOCAL
        if "authorization" not in headers and (cookie := pages.cookie_of(scope, headers)):
            found = self._sessions.find(cookie, tokens)
            if found is not None:
                scope["state"]["session"] = found[0]
                return found[1]
        client = scope.get("client") or ("unknown", 0)
        return await tokens.sign_in(headers.get("authorization"), client[0])


class _Answer:
    """Adds the headers that every answer has, where the route has not said otherwise."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.has_begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_begun = True
            headers = MutableHeaders(scope=message)
            for name, value in ANSWER_HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)


def host_of(header: str) -> str | None:
    """The name in a Host header, without its port; None where it is none."""
    try:
        return urlsplit(f"//{header}").hostname
    except ValueError:
        return None


def check_origin(headers: Headers) -> None:
    """Only a page of this very listener may change something; programs send no Origin.

    Source: Fetch 3.2, which has browsers send it with everything but GET and HEAD.
    """
    origin, host = headers.get("origin"), headers.get("host", "")
    if origin is not None and _netloc_of(origin) != host.lower():
        raise Forbidden(
            "a page of another origin may not change anything here",
            code="foreign-origin",
            where="origin",
            remedy="use the command line, or the listener's own pages",
        )


def _netloc_of(origin: str) -> str | None:
    """Host and port of an Origin header; None for `null` and what is none."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return None
    return parts.netloc.lower() if parts.scheme in ("http", "https") else None


def check_media_type(method: str, headers: Headers, body: bytes) -> None:
    """A form of a foreign page can send text and forms, but no JSON."""
    if method == "DELETE" and not body:
        return
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Invalid(
            "a verb takes JSON",
            code="unsupported-format",
            where="content-type",
            remedy="send content-type: application/json, and {} where there is nothing to say",
        )


async def read_body(headers: Headers, receive: Receive) -> bytes:
    """The whole body. Raises TooLarge, or Invalid where it does not come in time."""
    length = headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:20]) > BODY_BYTES_MAX:
        raise _too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                body += message.get("body", b"")
                if len(body) > BODY_BYTES_MAX:
                    raise _too_large()
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError as error:
        what = f"the body did not come within {BODY_SECONDS:.0f} seconds"
        raise Invalid(what, code="request-timeout", remedy="send it again") from error


def refuse(error: HeadraceError, status: int | None = None) -> Response:
    """problem+json, as the ingress answers."""
    if status is None:
        return _response(problem_of(error))
    return _response(problem(status, error.code, error.what, error.where, error.remedy))


def _response(answer: Any) -> Response:
    headers = {name.decode(): value.decode() for name, value in answer.headers}
    return Response(answer.body, answer.status, headers)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Gives the body that was read, and then what the connection says: that it has ended."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return pending.pop() if pending else await receive()

    return replay


def _place(error: Exception) -> str:
    """What and where, without the values that a message may quote."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = f" at {frame.tb_frame.f_code.co_name}:{frame.tb_lineno}" if frame else ""
    return f"{type(error).__name__}{where}"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _too_large() -> TooLarge:
    return TooLarge(
        f"the body has more than {BODY_BYTES_MAX} bytes",
        remedy="send less at once",
    )
