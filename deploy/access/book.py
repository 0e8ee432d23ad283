"""All tokens in memory, and the one place that changes them: create, revoke, sign in.

Looking a token up waits for nothing. What is written goes through one thread of its own, so
that the disk holds up neither publishers nor deliveries.
"""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from broker.clock import Clock
from broker.errors import Conflict, HeadraceError, Invalid, Overloaded, Unauthorized
from broker.storage.rows import Audit
from broker.telemetry import Telemetry
from deploy.access.failures import WINDOW_SECONDS, Failures, network_of
from deploy.access.roles import LOCAL, Principal, Role
from deploy.access.token import (
    PREFIX_BYTES,
    SECRET_BYTES,
    Token,
    check_name,
    digest,
    prefix_of,
    proves,
    write_token,
)
from deploy.access.token_file import TokenFile

TOKENS_MAX = 10_000  # revoked ones count: their names stand in the audit
USED_EVERY = timedelta(hours=1)  # a use is written at most so often for each token and address
SEEN_MAX = 1024  # tokens and addresses whose last written use is known; beyond, the oldest goes
NOBODY = "nobody"
Random = Callable[[int], bytes]
Given = TypeVar("Given")


class TokenBook:
    """`open` it on a thread; then it belongs to one event loop until `close`."""

    def __init__(
        self,
        file: TokenFile,
        clock: Clock,
        telemetry: Telemetry,
        random: Random = secrets.token_bytes,
    ) -> None:
        self._file = file
        self._clock = clock
        self._telemetry = telemetry
        self._random = random
        self._tokens: dict[str, Token] = {}  # by prefix, oldest first
        self._failures = Failures()
        self._seen: dict[tuple[str, str], datetime] = {}
        self._writing = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, "tokens")

    def open(self) -> None:
        """Hold the file and read it. Raises StoreOwned, StoreFailed."""
        self._tokens = {token.prefix: token for token in self._file.open()}

    def close(self) -> None:
        self._thread.shutdown()
        self._file.close()

    @property
    def tokens(self) -> Sequence[Token]:
        """All that were ever made, oldest first."""
        return list(self._tokens.values())

    @property
    def is_open(self) -> bool:
        """No token was ever made. Revoking the last one lets nobody in who was not before."""
        return not self._tokens

    def has_usable(self) -> bool:
        now = self._clock.now()
        return any(token.is_usable(now) for token in self._tokens.values())

    async def create(
        self, name: str, role: Role, lifetime: timedelta | None, by: str
    ) -> tuple[Token, str]:
        """A new token, and its text, which nothing keeps. Raises Invalid, Conflict."""
        async with self._writing:
            if self.is_open and role is not Role.ADMIN:
                raise Conflict(
                    "the first token must be of the role admin: from then on every request "
                    "needs one, and nobody could make the next",
                    code="first-token",
                    where="role",
                    remedy="headrace tokens create admin --role admin, then make this one with it",
                )
            token, text = draw_token(
                self.tokens, name, role, self._clock.now(), lifetime, self._random
            )
            await self._run(lambda: self._file.add(token, made(token, by)))
            self._tokens[token.prefix] = token
        return token, text

    async def revoke(self, name: str, by: str, reason: str = "") -> tuple[Token, bool]:
        """The token, and whether it was still unrevoked. Raises Invalid where there is none."""
        async with self._writing:
            token = named(self.tokens, name)
            if token.revoked_at is not None:
                return token, False
            at = self._clock.now()
            act = revoking(token, at, by, reason)
            await self._run(lambda: self._file.revoke(token.prefix, at, act))
            revoked = self._tokens[token.prefix] = replace(
                self._tokens[token.prefix], revoked_at=at
            )
        return revoked, True

    async def record(self, act: Audit) -> None:
        """Write down an act that concerns no single broker."""
        await self._run(lambda: self._file.note(act))

    async def audit(
        self, limit: int = 50, before: int | None = None
    ) -> Sequence[tuple[int, Audit]]:
        """(number, act), newest first, numbers < `before` only."""
        return await self._run(lambda: self._file.audit(limit, before))

    async def sign_in(self, authorization: str | None, address: str) -> Principal:
        """Who asks from `address`. Raises Unauthorized, Overloaded after too many failures."""
        if self.is_open:
            return LOCAL
        if authorization is None:
            raise unauthorized("this takes a token")
        token, why = self._find(authorization)
        if token is None:
            raise await self._refused(address, why)
        # Behind a proxy all have one address: failures of one must not shut out the others.
        await self._used(token, address)
        return Principal(token.name, token.role)

    def standing_of(self, prefix: str) -> Principal | None:
        """Who the token of that prefix stands for, while it counts; proves nothing by itself."""
        token = self._tokens.get(prefix)
        if token is None or not token.is_usable(self._clock.now()):
            return None
        return Principal(token.name, token.role)

    async def note(self, act: Audit) -> None:
        """Write down what went on at the door, if it can be: see `_attempt`."""
        await self._attempt(lambda: self._file.note(act))

    def _find(self, authorization: str) -> tuple[Token | None, str]:
        """The token that proves itself, else None and why, in words that may be written down."""
        scheme, _, text = authorization.partition(" ")
        prefix = prefix_of(text.strip()) if scheme.lower() == "bearer" else None
        token = self._tokens.get(prefix) if prefix else None
        if token is None or not proves(text.strip(), token):
            return None, "no known token"
        if not token.is_usable(self._clock.now()):
            return None, f"{token.name} is {'expired' if token.revoked_at is None else 'revoked'}"
        return token, ""

    async def _refused(self, address: str, why: str) -> HeadraceError:
        wait_seconds = self._failures.wait_seconds(address, self._clock.monotonic())
        if wait_seconds:
            return Overloaded(
                "too many failed sign-ins from this address",
                code="rate-limited",
                remedy=f"wait {WINDOW_SECONDS:.0f} seconds, and mend the token",
                retry_after_seconds=wait_seconds,
            )
        count = self._failures.add(address, self._clock.monotonic())
        if count:
            self._telemetry.emit("access.refused", address=address, why=why, count=count)
            detail = f"from {address}: {why}"
            act = Audit(self._clock.now(), NOBODY, "sign-in.refused", detail, count)
            await self._attempt(lambda: self._file.note(act))
        return unauthorized("this token does not count: unknown, revoked or expired")

    async def _used(self, token: Token, address: str) -> None:
        now, key = self._clock.now(), (token.prefix, network_of(address))
        last = self._seen.get(key)
        if last is not None and now - last < USED_EVERY:
            return
        self._seen.pop(key, None)
        if len(self._seen) >= SEEN_MAX:
            del self._seen[next(iter(self._seen))]
        self._seen[key] = now
        self._tokens[token.prefix] = replace(self._tokens[token.prefix], last_used_at=now)
        act = Audit(now, token.name, "sign-in", f"from {address} as {token.role.word}", 1)
        await self._attempt(lambda: self._file.use(token.prefix, now, act))

    async def _attempt(self, write: Callable[[], None]) -> None:
        """Write if it can be: on a full disk the operator must still come in, to make room."""
        try:
            await self._run(write)
        except HeadraceError as error:
            self._telemetry.emit("access.unwritten", error=str(error))

    async def _run(self, work: Callable[[], Given]) -> Given:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def draw_token(
    tokens: Sequence[Token],
    name: str,
    role: Role,
    now: datetime,
    lifetime: timedelta | None,
    random: Random = secrets.token_bytes,
) -> tuple[Token, str]:
    """A token beside `tokens`, and its text. Raises Invalid, Conflict."""
    check_name(name)
    if any(token.name == name for token in tokens):
        raise Conflict(
            f"there is or was a token {name}",
            code="name-taken",
            where="name",
            remedy="choose another; names are not used twice, so that the audit stays clear",
        )
    if len(tokens) >= TOKENS_MAX:
        raise Conflict(
            f"there are {TOKENS_MAX} tokens, with those that were revoked",
            code="too-many-tokens",
            remedy="stop headrace, put headrace.db of its data folder aside, and make tokens anew",
        )
    text = write_token(random(PREFIX_BYTES), random(SECRET_BYTES))
    prefix = prefix_of(text)
    assert prefix is not None
    expires_at = None if lifetime is None else now + lifetime
    return Token(name, prefix, digest(text), role, now, expires_at), text


def named(tokens: Sequence[Token], name: str) -> Token:
    """Raises Invalid where there is none of that name."""
    for token in tokens:
        if token.name == name:
            return token
    raise Invalid(
        f"no token {name[:64]!r}", code="not-found", remedy="headrace tokens list shows them"
    )


def revoking(token: Token, at: datetime, by: str, reason: str) -> Audit:
    """The audit row of ending it."""
    return Audit(at, by, "tokens.revoke", f"{token.name} ({token.role.word})", 1, reason)


def made(token: Token, by: str) -> Audit:
    """The audit row of making it."""
    until = "" if token.expires_at is None else f", until {token.expires_at:%Y-%m-%dT%H:%M:%SZ}"
    detail = f"{token.name} ({token.role.word}{until})"
    return Audit(token.created_at, by, "tokens.create", detail, 1)


def unauthorized(what: str) -> Unauthorized:
    return Unauthorized(
        what,
        where="authorization",
        remedy="send Authorization: Bearer with a token of headrace tokens create",
    )
