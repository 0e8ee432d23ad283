"""Who calls: the authorization header of a sink, fixed or by an OAuth 2 token that is renewed."""

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

import orjson

from broker.clock import Clock
from broker.errors import Forbidden, Unavailable
from sinks.inference.protocol import ModelAnswer
from sinks.inference.server.caller import Called
from sinks.inference_spec import Auth

EARLY_SHARE = 0.2  # of its life: a token is renewed before it ends
EARLY_SECONDS_MAX = 60.0
LIFE_SECONDS = 300.0  # where the server does not say
FORM = (("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json"))

PostForm = Callable[[bytes, float], Awaitable[Called]]
"""Sends a form to the token URL before a deadline."""


class Credentials:
    """`header(deadline)` is what a call carries; `refused` after the server's 401."""

    def __init__(self, auth: Auth, clock: Clock, post_form: PostForm) -> None:
        self._auth = auth
        self._clock = clock
        self._post_form = post_form
        self._token = ""
        self._renews_at = 0.0
        self._one_at_a_time = asyncio.Lock()

    async def header(self, deadline: float) -> str:
        """Raises Forbidden where the token URL refuses, Unavailable where it does not answer."""
        auth = self._auth
        if auth.kind == "bearer":
            return f"Bearer {auth.token}"
        if auth.kind == "basic":
            return f"Basic {_encoded(auth.username, auth.password)}"
        async with self._one_at_a_time:
            if not self._token or self._clock.monotonic() >= self._renews_at:
                await self._renew(deadline)
            return f"Bearer {self._token}"

    def refused(self) -> bool:
        """The server took no token of ours; True: the next `header` may be another one."""
        is_renewable = self._auth.kind == "oauth2" and bool(self._token)
        self._token = ""
        return is_renewable

    async def _renew(self, deadline: float) -> None:
        """RFC 6749 4.4: the client credentials grant."""
        auth = self._auth
        asked = {
            "grant_type": "client_credentials",
            "client_id": auth.client_id,
            "client_secret": auth.client_secret,
            "audience": auth.audience,
            "scope": auth.scope,
        }
        form = urlencode({name: value for name, value in asked.items() if value}).encode()
        answer = await self._post_form(form, deadline)
        if not isinstance(answer, ModelAnswer):
            raise Unavailable(f"the token URL: {answer.message}", code="no-token")
        if 400 <= answer.status < 500 and answer.status not in (408, 429):
            raise Forbidden(
                f"the token URL answered {answer.status}",
                code="no-token",
                remedy="check clientId, clientSecret, audience and scope in spec.auth.oauth2",
            )
        found = _read(answer)
        self._token = found["access_token"]
        life_seconds = found["expires_in"]
        early_seconds = min(EARLY_SHARE * life_seconds, EARLY_SECONDS_MAX)
        self._renews_at = self._clock.monotonic() + life_seconds - early_seconds


def _read(answer: ModelAnswer) -> dict[str, Any]:
    """RFC 6749 5.1. Raises Unavailable for what is no such answer."""
    try:
        said = orjson.loads(answer.body) if answer.status == 200 else None
    except orjson.JSONDecodeError:
        said = None
    token = said.get("access_token") if isinstance(said, dict) else None
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise Unavailable(f"the token URL answered {answer.status}, no token", code="no-token")
    life = said.get("expires_in") if isinstance(said, dict) else None
    is_number = isinstance(life, int | float) and not isinstance(life, bool) and life > 0
    return {
        "access_token": token,
        "expires_in": float(life) if is_number and life else LIFE_SECONDS,
    }


def _encoded(username: str, password: str) -> str:
    return b64encode(f"{username}:{password}".encode()).decode("ascii")
