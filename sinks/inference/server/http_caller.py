"""Calling a model over HTTP: the replica with the fewest calls, one deadline, few quick tries."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from math import inf

from broker.clock import Clock
from sinks import http_call
from sinks.http_call import NoAnswer
from sinks.http_dial import DialFailed
from sinks.http_pool import Pool
from sinks.http_url import Endpoint, parse_url
from sinks.inference.protocol import Headers, ModelAnswer, ModelRequest
from sinks.inference.server.caller import CUT, Called, Unanswered
from sinks.inference.server.credentials import FORM, Credentials
from sinks.inference.server.http_head import request_head
from sinks.inference.server.model_call import Bounds, ModelCall
from sinks.inference_spec import InferenceSinkSpec

TRIES_MAX = 3  # where nobody listens: a server that restarts is back in a moment
TRY_AGAIN_SECONDS_MIN = 0.025
TRY_AGAIN_SECONDS_MAX = 0.25
TOKEN_BYTES_MAX = 65_536
_NOT_SENT = frozenset({"dns", "connect", "tls"})
_CONNECTING = "the deadline passed while connecting"


class Replica:
    """One server of several that are the same; `in_flight` calls to it."""

    __slots__ = ("endpoint", "in_flight")

    def __init__(self, url: str) -> None:
        self.endpoint = parse_url(url)
        self.in_flight = 0


class HttpCaller:
    """Calls one variant. Made without I/O; raises Invalid for a URL that cannot be used.

    `pool_of` gives the connections to an endpoint, for one call.
    """

    def __init__(
        self,
        spec: InferenceSinkSpec,
        pool_of: Callable[[Endpoint], Pool],
        clock: Clock,
        chance: Callable[[], float],
    ) -> None:
        self._replicas = [Replica(url) for url in spec.urls]
        self._pool_of = pool_of
        self._clock = clock
        self._chance = chance
        self._is_resent = spec.is_resent
        self._first_byte_seconds = spec.timeouts.first_byte_seconds or inf
        # Texts come in pieces, with pauses that say something; other answers come at once.
        self._idle_seconds = spec.timeouts.idle_seconds if spec.protocol == "openai" else inf
        self._body_bytes_max = spec.limits.max_response_bytes
        self._credentials: Credentials | None = None
        if spec.auth is not None:
            tokens = Replica(spec.auth.token_url) if spec.auth.token_url else None
            self._credentials = Credentials(spec.auth, clock, partial(self._post_form, tokens))

    async def post(self, request: ModelRequest, deadline: float) -> Called:
        called = await self._post_once(request, deadline)
        is_refused = isinstance(called, ModelAnswer) and called.status == 401
        if is_refused and self._credentials is not None and self._credentials.refused():
            return await self._post_once(request, deadline)
        return called

    async def get(self, path: str, deadline: float) -> Called:
        replica = self._quietest(())
        if not path:
            return await self._connect(replica, deadline)
        head = request_head("GET", replica.endpoint, path, await self._own(deadline), None)
        return await self._send(replica, head, None, deadline, is_resent=True)

    async def _post_once(self, request: ModelRequest, deadline: float) -> Called:
        """To one replica after the other while nobody listens, at most `TRIES_MAX` times."""
        own = await self._own(deadline)
        tried: list[Replica] = []
        while True:
            replica = self._quietest(tried)
            headers = (*request.headers, *own)
            size_bytes = len(request.body)
            head = request_head("POST", replica.endpoint, request.path, headers, size_bytes)
            called = await self._send(
                replica,
                head,
                request.body,
                deadline,
                is_resent=self._is_resent,
                first_byte_seconds=inf if request.is_waking else self._first_byte_seconds,
            )
            tried.append(replica)
            if isinstance(called, ModelAnswer) or called.phase != "connect":
                return called
            pause_seconds = TRY_AGAIN_SECONDS_MIN + self._chance() * (
                TRY_AGAIN_SECONDS_MAX - TRY_AGAIN_SECONDS_MIN
            )
            is_late = self._clock.monotonic() + pause_seconds >= deadline
            if len(tried) >= TRIES_MAX or is_late:
                return called
            await asyncio.sleep(pause_seconds)

    async def _send(
        self,
        replica: Replica,
        head: bytes,
        body: bytes | None,
        deadline: float,
        *,
        is_resent: bool,
        first_byte_seconds: float = inf,
    ) -> Called:
        answered: asyncio.Future[http_call.Answer | NoAnswer] = (
            asyncio.get_running_loop().create_future()
        )
        bounds = Bounds(deadline, first_byte_seconds, self._idle_seconds, self._body_bytes_max)
        call = ModelCall(head, body, bounds, self._clock, answered.set_result)
        call.resent = not is_resent
        pool = self._pool_of(replica.endpoint)
        replica.in_flight += 1
        try:
            pool.submit(call)
            return self._called(await answered, call)
        finally:
            call.is_finished = True  # who was cancelled can be given no answer
            replica.in_flight -= 1

    @staticmethod
    def _called(result: http_call.Answer | NoAnswer, call: ModelCall) -> Called:
        if isinstance(result, NoAnswer):
            was_sent = result.phase not in _NOT_SENT and result.message != _CONNECTING
            is_late = result.phase == "timeout" and was_sent
            message = call.why_late(result.message) if is_late else result.message
            return Unanswered(result.phase, message, was_sent)
        headers = tuple(
            (name.decode("latin-1").lower(), value.decode("latin-1"))
            for name, value in result.headers
        )
        if result.cut:
            return Unanswered(CUT, "the answer is larger than limits.maxResponseBytes", True)
        return ModelAnswer(result.status, headers, result.body)

    async def _connect(self, replica: Replica, deadline: float) -> Called:
        try:
            await self._pool_of(replica.endpoint).warm(deadline)
        except DialFailed as failed:
            return Unanswered(failed.phase, failed.what, False)
        return ModelAnswer(200)

    async def _own(self, deadline: float) -> Headers:
        if self._credentials is None:
            return ()
        return (("authorization", await self._credentials.header(deadline)),)

    async def _post_form(self, tokens: Replica | None, form: bytes, deadline: float) -> Called:
        assert tokens is not None, "the schema asks for a token URL"
        head = request_head("POST", tokens.endpoint, "", FORM, len(form))
        return await self._send(tokens, head, form, deadline, is_resent=True)

    def _quietest(self, tried: Sequence[Replica]) -> Replica:
        """The one with the fewest calls; one that was not tried yet goes first."""
        return min(self._replicas, key=lambda one: (tried.count(one), one.in_flight))
