"""How much may wait for its commit at one door, and how fast more may come."""

from collections.abc import Callable

from broker.clock import Clock
from broker.errors import HeadraceError, Overloaded
from broker.intake_options import IntakeOptions
from broker.token_bucket import TokenBucket

TOO_MANY_WAIT = "too many events wait for their commit"


class IntakeRoom:
    """Of the door of `broker`; `refuse` is asked first, at every request.

    `is_full`: a request was refused for what waits, and nothing has left since.
    """

    __slots__ = (
        "_broker", "_bucket", "_chance", "_clock", "_options", "_refuse",
        "is_full", "waiting_bytes", "waiting_events",
    )  # fmt: skip

    def __init__(
        self,
        broker: str,
        options: IntakeOptions,
        clock: Clock,
        chance: Callable[[], float],
        refuse: Callable[[], HeadraceError | None] | None,
    ) -> None:
        self.waiting_events = 0
        self.waiting_bytes = 0
        self.is_full = False
        self._broker = broker
        self._options = options
        self._clock = clock
        self._chance = chance
        self._refuse = refuse
        rate = options.publish_rate_per_second
        self._bucket = None if rate is None else TokenBucket(rate)

    def change(self, options: IntakeOptions) -> None:
        """Let other bounds count. The same rate goes on with what it has given out."""
        rate = options.publish_rate_per_second
        if rate != self._options.publish_rate_per_second:
            self._bucket = None if rate is None else TokenBucket(rate)
        self._options = options

    def refusal(self, count: int, size_bytes: int) -> HeadraceError | None:
        """Why nothing can be taken now, whatever it is."""
        if self._refuse is not None:
            error = self._refuse()
            if error is not None:
                return error
        waiting = self.waiting_events
        options = self._options
        # An empty door lets any one request in: else a batch over the bound never could be.
        if waiting and (
            waiting + count > options.waiting_events_max
            or self.waiting_bytes + size_bytes > options.waiting_bytes_max
        ):
            self.is_full = True
            return self.overloaded(TOO_MANY_WAIT)
        if self._bucket is None:
            return None
        wait_seconds = self._bucket.take(count, self._clock.monotonic())
        if not wait_seconds:
            return None
        return Overloaded(
            f"more than {self._bucket.per_second:g} events a second were sent to {self._broker}",
            code="rate-limited",
            remedy="send more slowly, or raise the broker's publishRate",
            retry_after_seconds=wait_seconds,
        )

    def release(self, events: int, size_bytes: int) -> None:
        self.waiting_events -= events
        self.waiting_bytes -= size_bytes
        self.is_full = False

    def overloaded(self, what: str) -> Overloaded:
        """A refusal for now; jittered, so that those refused together do not return together."""
        return Overloaded(
            what, remedy="try again later", retry_after_seconds=1.0 + 4.0 * self._chance()
        )
