"""Bucket notifications by webhook: taken, told in turn, and answered after the commit."""

import asyncio
import hmac
from collections import deque
from collections.abc import Sequence

from broker.errors import HeadraceError, Overloaded, Unauthorized, Unavailable
from broker.http_message import Answer, BodyPlan, Header, Request, Respond
from broker.problem import problem, problem_of
from sources.s3.notifications import read_notification
from sources.s3.sighting import Sighting
from sources.s3.teller import Teller

BODY_BYTES_MAX = 1024 * 1024
WAITING_MAX = 64  # requests; beyond, 503
ANSWER_SECONDS_MAX = 10.0  # then 503, and what was sent may be told all the same
ALLOW: Header = (b"allow", b"POST, HEAD")
RETRY_AFTER_SECONDS = 2.0

TAKEN = Answer(200)


class Waiting:
    """A request on its way: answered once, by the commit or by the time."""

    __slots__ = ("_respond", "_timer", "sightings")

    def __init__(
        self, sightings: Sequence[Sighting], respond: Respond, answer_seconds_max: float
    ) -> None:
        self.sightings = sightings
        self._respond: Respond | None = respond
        self._timer = asyncio.get_running_loop().call_later(
            answer_seconds_max, self.answer, problem_of(_busy("the broker takes nothing now"))
        )

    def answer(self, answer: Answer) -> None:
        self._timer.cancel()
        respond, self._respond = self._respond, None
        if respond is not None:
            respond(answer)


class Receiving:
    """A route; without `token` there is none. It takes nothing until `run` has a teller."""

    def __init__(self, token: str, answer_seconds_max: float = ANSWER_SECONDS_MAX) -> None:
        self._token = token.encode()
        self._answer_seconds_max = answer_seconds_max
        self._is_open = False
        self._waiting: deque[Waiting] = deque()
        self._came = asyncio.Event()

    def head(self, request: Request) -> Answer | BodyPlan:
        if not self._token:
            remedy = "add spec.webhook to the S3Source"
            return problem(404, "no-webhook", "this source serves no webhook", remedy=remedy)
        if request.method == b"HEAD":
            return TAKEN
        if request.method != b"POST":
            what = "only POST brings notifications, only HEAD asks whether somebody is there"
            return problem(405, "method-not-allowed", what, headers=[ALLOW])
        if not self._is_token(request.header(b"authorization") or b""):
            remedy = "send authorization: Bearer and the token of spec.webhook"
            return problem_of(Unauthorized("the token is missing or wrong", remedy=remedy))
        return BodyPlan(BODY_BYTES_MAX)

    def receive(self, request: Request, respond: Respond) -> None:
        if not self._is_open:
            respond(problem_of(_busy("this source is not running")))
            return
        if len(self._waiting) >= WAITING_MAX:
            error = Overloaded("too many wait", retry_after_seconds=RETRY_AFTER_SECONDS)
            respond(problem_of(error))
            return
        try:
            sightings = read_notification(request.body, is_escaped=True)
        except HeadraceError as error:
            respond(problem_of(error))
            return
        self._waiting.append(Waiting(sightings, respond, self._answer_seconds_max))
        self._came.set()

    async def run(self, teller: Teller) -> None:
        """Tell what comes, all that waits at once."""
        self._is_open = True
        try:
            while True:
                await self._came.wait()
                self._came.clear()
                await self._tell(teller, [*self._waiting])
        finally:
            self._is_open = False
            for waiting in self._waiting:
                waiting.answer(problem_of(_busy("this source is stopping")))
            self._waiting.clear()

    async def _tell(self, teller: Teller, batch: Sequence[Waiting]) -> None:
        await teller.tell([seen for waiting in batch for seen in waiting.sightings])
        for waiting in batch:
            self._waiting.popleft()
            waiting.answer(TAKEN)

    def _is_token(self, given: bytes) -> bool:
        scheme, _, token = given.partition(b" ")
        is_equal = hmac.compare_digest(token.strip(), self._token)
        return is_equal and scheme.lower() == b"bearer"


def _busy(what: str) -> Unavailable:
    return Unavailable(what, retry_after_seconds=RETRY_AFTER_SECONDS)
