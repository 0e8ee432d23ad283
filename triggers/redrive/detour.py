"""A detour: the lane of one redrive and one trigger whose dead letters go to another sink.

It has rows only, under a name of its own, and stands nowhere in the log. Retry policy, replies
and deadLetterSink are the trigger's, as they are at each call; what is ordered there is not here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from broker.delivery import Delivery, Failed, Outcome, OutcomeClass, Reason
from triggers.budget import Budget
from triggers.carriage import Carriage
from triggers.lane import Carry, Lane
from triggers.ledger import Ledger
from triggers.redrive.reach import OtherSink
from triggers.trigger import TriggerSpec

PREFIX = "redrive/"  # of the lane's name: redrive/JOB/NAMESPACE/NAME


def lane_name(job: str, trigger: str) -> str:
    return f"{PREFIX}{job}/{trigger}"


def detoured_trigger(lane: str) -> str | None:
    """The trigger around which a lane goes; None of a lane that is no detour."""
    return lane.removeprefix(PREFIX).partition("/")[2] if lane.startswith(PREFIX) else None


@dataclass(frozen=True, slots=True)
class DetourMeans:
    """What a detour works with. `asked_to_pause` is told where an answer asks for it."""

    ledger: Ledger
    log_id: str
    budget: Budget
    carry: Carry
    asked_to_pause: Callable[[str], None]


class DetourLane(Lane):
    """`origin()` is the trigger's lane, None once the trigger is gone."""

    is_fair = False  # in the order of its rows

    def __init__(
        self,
        name: str,
        origin: Lane,
        find_origin: Callable[[], Lane | None],
        other: OtherSink,
        means: DetourMeans,
    ) -> None:
        endpoint = other.endpoint
        super().__init__(
            _detoured(origin.spec, other), endpoint.sink, endpoint.target,
            means.ledger, means.log_id, means.budget, means.carry,
        )  # fmt: skip
        self.name = name
        self.elsewhere = endpoint.sink.name
        self.is_following = True
        self._trigger = origin.name
        self._find_origin = find_origin
        self._other = other
        self._asked_to_pause = means.asked_to_pause
        self._adopted: TriggerSpec | None = None
        self._revision = 0
        self._adopt()

    def _adopt(self) -> None:
        """The trigger may have another policy by now."""
        if (origin := self._find_origin()) is None:
            return
        self.companion, self._revision = origin.companion, origin.revision
        if origin.spec is not self._adopted:
            self._adopted = origin.spec
            self.spec = _detoured(origin.spec, self._other)
            self.max_in_flight = self.spec.calls_max

    @property
    def revision(self) -> int:
        return self._revision

    def take(self) -> list[Carriage]:
        """As any lane's, under the name of the trigger: to the sink it is its delivery."""
        self._adopt()
        return [self.own(carriage) for carriage in super().take()]

    def own(self, carriage: Carriage) -> Carriage:
        carriage.trigger = self._trigger
        return carriage

    def leave(self, carriage: Carriage, delivered: bool) -> None:
        """It counts for the trigger, as any redrive of its dead letters."""
        super().leave(carriage, delivered)
        if delivered and (origin := self._find_origin()) is not None:
            origin.count_redelivered()
            self.ledger.touch(origin)

    def pause_itself(self, why: str) -> bool:
        self._asked_to_pause(why)
        return True


def _detoured(spec: TriggerSpec, other: OtherSink) -> TriggerSpec:
    return replace(spec, sink=other.spec, order_by=None, rate_per_second=None, paused=False)


class AbsentSink:
    """Stands where a redrive's sink cannot be had any more: what was on its way is dead again."""

    batch_limit = 1

    def __init__(self, name: str, why: str) -> None:
        self.name = name
        self._why = why

    async def open(self) -> None:
        """There is nothing to load."""

    async def deliver(self, deliveries: Sequence[Delivery], deadline: float) -> Sequence[Outcome]:
        failed = Failed(OutcomeClass.CONFIG, self._why, reason=Reason.CONFIG)
        return [failed for _ in deliveries]

    async def probe(self) -> None:
        """Nobody asks."""

    async def close(self) -> None:
        """There is nothing to close."""
