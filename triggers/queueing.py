"""What a lane holds of the log in memory: how much, and in which order it gives it up."""

from collections import deque

from broker.event import Event, StoredEvent
from sinks.spec import InferenceSinkSpec
from triggers.budget import MEMORY_BYTES_MAX, Budget
from triggers.carriage import Carriage, fresh
from triggers.counting import Counting
from triggers.fair_queue import WINDOW_BYTES_MAX, FairQueue, Queue, pop_oldest
from triggers.room import looks_ahead, wants_page
from triggers.trigger import TriggerSpec
from triggers.turns import Turns

QUEUE_EVENTS_MAX = 1024
QUEUE_EVENTS_ASSURED = 32


class Queueing(Counting):
    """The part of a lane that queues; a base of it, as `Counting` is."""

    is_fair = True  # between sources, where it calls a model

    def __init__(self, spec: TriggerSpec, budget: Budget, log_id: str) -> None:
        super().__init__(spec.name)
        self.spec = spec
        self.budget = budget
        self.id_prefix = f"{log_id}/{spec.name}/"
        self.turns = Turns(budget.use) if spec.order_by else None
        self.queue: Queue = deque()
        self.open: dict[int, None] = {}  # unsettled offsets without a row, ascending
        self.arrange()

    def arrange(self) -> None:
        """Let the lane be as the sink of its spec needs it; call it where that is another."""
        sink = self.spec.sink
        self.delay_seconds = 0.0
        if isinstance(sink, InferenceSinkSpec):
            self.delay_seconds = sink.batch.max_delay_seconds
            if self.is_fair and not isinstance(self.queue, FairQueue):
                # For good: only with such a queue a cursor says what was settled ahead of it.
                self.queue = FairQueue(self.queue)

    @property
    def has_room(self) -> bool:
        events = len(self.queue)
        if self.turns is not None:
            if self.turns.is_full:
                return False
            events += self.turns.events
        if events < QUEUE_EVENTS_ASSURED:
            return True
        if events < QUEUE_EVENTS_MAX:
            return self.budget.used_bytes < MEMORY_BYTES_MAX
        return looks_ahead(self, events, WINDOW_BYTES_MAX)

    @property
    def wants_page(self) -> bool:
        """Whether so much is carried by now that reading a page is worth while."""
        return wants_page(self)

    def key_of(self, event: Event) -> str | None:
        """Events of one key are carried one at a time; None: whenever there is a slot."""
        return event.attributes.get(self.spec.order_by or "")

    def enqueue(self, stored: StoredEvent) -> None:
        self.queue.append(stored)
        self.budget.used_bytes += stored.size_bytes

    def take_fresh(self, *, oldest: bool = False) -> Carriage:
        """The next event of the queue, or that which came first, for its first attempt."""
        stored = pop_oldest(self.queue) if oldest else self.queue.popleft()
        self.budget.used_bytes -= stored.size_bytes
        carriage = fresh(self.id_prefix, self.name, stored)
        if self.turns is not None:
            carriage.order_key = self.key_of(stored.event)
        else:
            self.open[stored.offset] = None
        return carriage

    def drop_oldest(self, up_to: int) -> StoredEvent | None:
        """Take the oldest queued event out, if its offset is <= `up_to` (unordered lanes)."""
        if self.turns is not None or not self.queue or self.queue[0].offset > up_to:
            return None
        stored = pop_oldest(self.queue)
        self.budget.used_bytes -= stored.size_bytes
        return stored
