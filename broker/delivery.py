"""What a delivery is, what a sink said, and what the policy made of it.

`Delivery` and the outcomes are made per delivery and are plain slotted classes that nobody
changes; settlements other than `DONE` are rare and frozen dataclasses.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from broker.event import Event


class OutcomeClass(StrEnum):
    """What an answer means, whatever its status says."""

    OK = "ok"
    BAD_INPUT = "bad_input"
    OVERLOAD = "overload"
    NOT_READY = "not_ready"
    TRANSIENT = "transient"
    SUSPECT = "suspect"
    CONFIG = "config"


class Reason(StrEnum):
    """Why a dead letter is one."""

    ATTEMPTS = "attempts"
    AGE = "age"
    REFUSED = "refused"
    BAD_INPUT = "bad_input"
    CONFIG = "config"
    HOPS = "hops"
    TOO_LARGE = "too_large"
    REPLY_REFUSED = "reply_refused"
    NOT_READY = "not_ready"
    POISON = "poison"
    BACKLOG = "backlog"
    OPERATOR = "operator"


class Delivery:
    """One event on its way to one trigger's sink.

    `id` is stable over retries and holds no dot; `trigger` is `namespace/name`; `attempt`
    counts from 1; `step` is `deliver`, `dead-letter` (the copy to a deadLetterSink) or
    `replay/<job>`.
    """

    __slots__ = ("attempt", "event", "id", "offset", "step", "trigger")

    def __init__(
        self, id: str, trigger: str, offset: int, attempt: int, step: str, event: Event
    ) -> None:
        self.id = id
        self.trigger = trigger
        self.offset = offset
        self.attempt = attempt
        self.step = step
        self.event = event


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one attempt left behind: enough to understand it on the worst morning.

    `headers` are the answer's without hop-by-hop ones and credentials; `body` its first
    4 KiB; `phase` the network phase that failed (dns connect tls write read timeout), None
    where an answer came.
    """

    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    phase: str | None = None


class Delivered:
    """The sink took it (2xx). `reply` is the event it answered with, if any.

    `ignored_body` is true where a 2xx carried a body that is no CloudEvent: counted.
    """

    __slots__ = ("ignored_body", "reply", "status")

    def __init__(
        self, reply: Event | None = None, status: int | None = None, ignored_body: bool = False
    ) -> None:
        self.reply = reply
        self.status = status
        self.ignored_body = ignored_body


@dataclass(frozen=True, slots=True)
class Failed:
    """The sink did not take it, or its answer cannot be used.

    `status` is the HTTP status, None where there was no answer. `message` is one line for
    people. `retry_after_seconds` is the sink's own wish, None where absent or senseless.
    `reason` is set where the failure itself decides the dead letter's reason
    (`reply_refused`, `too_large`, `config`). `pause` asks to pause the trigger (410).
    `is_held`: the endpoint waits, so the delivery does, and no attempt was used.
    `waits_seconds`: the sink's own waits before each retry after such a failure.
    `parked_seconds`: no failure at all, it waits so long for what it has begun (a file job),
    and uses neither an attempt nor its age. `apart_max_seconds`: nothing was sent, for the part of
    the endpoint that it belongs to is away while others go on; it is given up (`not_ready`) when it
    has waited so long for it in all.
    """

    outcome_class: OutcomeClass
    message: str
    status: int | None = None
    retry_after_seconds: float | None = None
    evidence: Evidence = Evidence()
    reason: Reason | None = None
    pause: bool = False
    is_held: bool = False
    waits_seconds: tuple[float, ...] | None = None
    parked_seconds: float | None = None
    apart_max_seconds: float | None = None


Outcome = Delivered | Failed


@dataclass(slots=True)  # nobody changes one; frozen would cost three times as much to make
class Attempt:
    """One numbered try, as kept with a parked delivery and its dead letter.

    `wait_seconds` is the wait chosen after it (None: none was), `why` says how. `sink` is
    empty for the trigger's own, as it was then; a redrive may go to another.
    """

    number: int
    started_at: datetime
    duration_seconds: float
    outcome_class: str
    status: int | None
    message: str
    phase: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    wait_seconds: float | None = None
    why: str = ""
    sink: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """Delivered; the reply, if any, is appended in the same checkpoint."""


DONE = Done()


@dataclass(frozen=True, slots=True)
class Parked:
    """The delivery waits: not before `until` (aware UTC), then as `attempt`.

    `attempt` stays as it was where none was used (overload). `wait_seconds` is the wait
    chosen, kept so that a restart can clamp the remainder and overload can double it.
    `hold_seconds` asks the whole target to wait (Retry-After), None where it need not.
    `ages` is false where the wait is not taken from its maxAge.
    """

    until: datetime
    attempt: int
    wait_seconds: float
    why: str = ""
    hold_seconds: float | None = None
    ages: bool = True


@dataclass(frozen=True, slots=True)
class Dead:
    """Given up: it goes to the desk, with its evidence."""

    reason: Reason
    pause: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """It waits for its target, in its lane and unsettled: nothing is written, no attempt used."""

    pause: bool = False


Settlement = Done | Parked | Dead | Held
