"""HTTP subscribers: one event a POST, in binary or structured mode, and what they answer."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from broker.clock import Clock
from broker.codec import Limits
from broker.delivery import Delivered, Delivery, Failed, Outcome
from broker.errors import Unavailable
from sinks.addresses import EgressPolicy
from sinks.http_call import Answer, Call, NoAnswer
from sinks.http_client import HttpClient
from sinks.http_dial import CONNECT_SECONDS_MAX, DialFailed
from sinks.http_outcome import Answers
from sinks.http_request import RequestWriter, TraceparentOf
from sinks.http_url import parse_url, redacted
from sinks.signing import Signer
from sinks.sink import Done
from sinks.spec import HttpSinkSpec
from sinks.trying import Answered, Sent, Tried, read_head

T = TypeVar("T")
TAKEN = Delivered(None, 202)  # what most sinks say; nobody changes an outcome


class HttpSink:
    """One URL. Made without I/O; raises Invalid for a URL or a secret that cannot be used.

    `limits` bound a reply as they bound a published event.
    """

    batch_limit = 1

    def __init__(
        self,
        spec: HttpSinkSpec,
        client: HttpClient,
        clock: Clock,
        *,
        policy: EgressPolicy | None = None,
        limits: Limits | None = None,
        traceparent_of: TraceparentOf | None = None,
    ) -> None:
        endpoint = parse_url(spec.url)
        self.name = redacted(spec.url)
        self._clock = clock
        self._pool = client.pool(endpoint, policy or EgressPolicy(spec.egress))
        signer = Signer(spec.signing) if spec.signing else None
        self._signs = signer is not None
        self._answers = Answers(limits or Limits())
        self._judged: Answer | NoAnswer | None = None
        self._judgement: Outcome = TAKEN
        # Looked up once: together they are a tenth of what a delivery costs here.
        self._write = RequestWriter(endpoint, spec.format, signer, traceparent_of).write
        self._submit = self._pool.submit
        self._origin = f"{endpoint.scheme}://{endpoint.authority}"
        self._body_limit = self._answers.body_limit

    async def open(self) -> None:
        """Nothing to do: connections are made when there is something to send."""

    async def deliver(self, deliveries: Sequence[Delivery], deadline: float) -> Sequence[Outcome]:
        """Post them side by side; one outcome each, in order, by `deadline` (+ 50 ms)."""
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[Outcome]] = [loop.create_future() for _ in deliveries]
        for delivery, future in zip(deliveries, futures, strict=True):
            self.start(delivery, deadline, partial(_set_result, future))
        return await asyncio.gather(*futures)

    def start(self, delivery: Delivery, deadline: float, done: Done) -> None:
        """Post one; no task and no future: these are a quarter of what a delivery costs."""
        unix_seconds = int(self._clock.now().timestamp()) if self._signs else 0
        post = _Post()
        post.head, post.body = self._write(delivery, unix_seconds)
        post.deadline = deadline
        post.body_limit = self._body_limit
        post.is_finished = post.resent = False
        post.judge = self._outcome
        post.delivery = delivery
        post.tell = done
        self._submit(post)

    def _outcome(self, result: Answer | NoAnswer) -> Outcome:
        if result is self._judged:
            return self._judgement
        outcome = self._answers.outcome(result, self._clock.now())
        if isinstance(outcome, Failed) and outcome.retry_after_seconds is None:
            # The same answer again means the same, unless it names a time.
            self._judged, self._judgement = result, outcome
        return outcome

    async def try_one(
        self, delivery: Delivery, deadline: float, variant: str | None = None
    ) -> Tried:
        """Post one event, and show the request and the whole answer. There are no variants."""
        unix_seconds = int(self._clock.now().timestamp()) if self._signs else 0
        head, body = self._write(delivery, unix_seconds)
        verb, url, headers = read_head(head.partition(b"\r\n\r\n")[0], self._origin)
        shown = body if body is not None else head.partition(b"\r\n\r\n")[2]
        came: asyncio.Future[Answer | NoAnswer] = asyncio.get_running_loop().create_future()
        began = self._clock.monotonic()
        self._submit(Call(head, body, deadline, self._body_limit, partial(_answer, came)))
        result = await came
        outcome = self._answers.outcome(result, self._clock.now())
        seconds = self._clock.monotonic() - began
        answered = None if isinstance(result, NoAnswer) else _answered(result)
        return Tried(Sent(verb, url, headers, shown), answered, outcome, seconds)

    async def probe(self) -> None:
        """Connect, and keep the connection for the next delivery."""
        try:
            await self._pool.warm(self._clock.monotonic() + CONNECT_SECONDS_MAX)
        except DialFailed as failed:
            raise Unavailable(failed.what, where=self.name, remedy=failed.remedy) from failed

    async def close(self) -> None:
        """Nothing to do: the connections are the client's, and age out there."""


def _set_result(future: asyncio.Future[Outcome], _: Delivery, outcome: Outcome) -> None:
    _answer(future, outcome)


def _answer(future: asyncio.Future[T], result: T) -> None:
    """Nothing where who waited was cancelled."""
    if not future.done():
        future.set_result(result)


def _answered(answer: Answer) -> Answered:
    pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers]
    return Answered(answer.status, tuple(pairs), answer.body)


class _Post(Call):
    """A call whose result becomes an outcome: one object, where callbacks would be three.

    There is one for every delivery, and a call of __init__ would be most of its price.
    """

    __slots__ = ("delivery", "judge", "tell")

    delivery: Delivery
    judge: Callable[[Answer | NoAnswer], Outcome]
    tell: Done

    __init__ = object.__init__

    def finish(self, result: Answer | NoAnswer) -> None:
        if self.is_finished:
            return
        self.is_finished = True
        if type(result) is Answer and result.status == 202 and not result.body:
            self.tell(self.delivery, TAKEN)
        else:
            self.tell(self.delivery, self.judge(result))
