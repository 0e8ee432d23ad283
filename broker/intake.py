"""The only door of a broker: checks, dedupes, bounds, and hands events to the log.

One intake per broker and process, on the event loop. No task and no timer per event: a
request becomes one append, whose answer comes as a callback after the commit. Requests
with known keys go the longer way through `doubts`.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from broker.admission import SYSTEM_TYPES, fault_of
from broker.clock import Clock
from broker.codec import with_attributes
from broker.dedupe import KEY_BYTES, RecentKeys, key_of, key_of_reply
from broker.delivery import Reason
from broker.doubts import Doubts
from broker.errors import HeadraceError, Overloaded, StoreFailed
from broker.event import Cause, Event
from broker.failpoint import reach
from broker.hops import HOPS
from broker.intake_options import IntakeCounts, IntakeOptions
from broker.intake_room import TOO_MANY_WAIT, IntakeRoom
from broker.storage.log import Log
from broker.storage.rows import Append, Record, Reply
from broker.waiting import ACCEPTED, Done, Doubt, Entry

ANONYMOUS = "anonymous"
# Their job knows by its checkpoints which chunks it has told of; this is for those in between.
RECORD_KEYS_MAX = 65_536


class Intake:
    """The door of broker `broker` (`namespace/name`); call `open` once its log is open.

    `chance` gives numbers from 0 to 1. `refuse` is asked at every request: what it gives is
    the answer (backlog full, draining). `append` stands before the log's own (`Gathering`).
    """

    def __init__(
        self,
        broker: str,
        log: Log,
        clock: Clock,
        chance: Callable[[], float],
        options: IntakeOptions | None = None,
        refuse: Callable[[], HeadraceError | None] | None = None,
        append: Callable[[Append], None] | None = None,
    ) -> None:
        self.broker = broker
        self.options = options or IntakeOptions()
        self.counts = IntakeCounts()
        self.room = IntakeRoom(broker, self.options, clock, chance, refuse)
        self.recent = RecentKeys(self.options.dedupe_window_seconds, self.options.dedupe_keys_max)
        self.recent_records = RecentKeys(self.recent.window_seconds, RECORD_KEYS_MAX)
        self._log = log
        self._clock = clock
        self._append = append or log.append
        self._pending: dict[bytes, Entry] = {}  # by key, oldest first: not yet committed
        self._doubts = Doubts(self, log, clock, self._pending)
        self._when_stored = self._stored  # bound once, not per append
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def open(self, stored_at: datetime | None = None) -> None:
        """Learn the recent keys from the log; before it nothing may be accepted.

        The window goes on from `stored_at`, when the last event was stored: time in which
        nobody ran may be a leap of the clock, and the publisher's repeat still under way.
        """
        self._loop = asyncio.get_running_loop()
        now, now_seconds = self._clock.now(), self._clock.monotonic()
        if stored_at is not None:
            self._doubts.leap = max(now - stored_at, timedelta())
            now = stored_at
        since = now - self._doubts.window
        for at, offset, packed in await self._log.recent_keys(since, self.recent.keys_max):
            self.recent.add_packed(packed, offset, now_seconds - (now - at).total_seconds())

    def change(self, options: IntakeOptions) -> None:
        """Let other limits count from now on. A longer window fills as events come."""
        self.room.change(options)
        self.options = options
        self.recent.window_seconds = options.dedupe_window_seconds
        self.recent_records.window_seconds = options.dedupe_window_seconds
        self._doubts.window = timedelta(seconds=options.dedupe_window_seconds)

    def close(self) -> None:
        """Stop the sweep; what is with the log is still answered by it."""
        self._doubts.close()
        if self._timer is not None:
            self._timer.cancel()

    def shed(self) -> Overloaded | None:
        """Why a request is refused undecoded; None: decode it and let `accept` judge.

        While it is full, decoding what must be refused would leave no time for what is taken.
        """
        if not self.room.is_full:
            return None
        error = self.room.overloaded(TOO_MANY_WAIT)
        self.counts.refuse(error)
        return error

    def accept(
        self,
        events: Sequence[Event],
        done: Done,
        principal: str = ANONYMOUS,
        records: Sequence[Record] = (),
        is_system: bool = False,
    ) -> None:
        """Store all of `events` and `records`, or nothing, and call `done` once.

        It gets ACCEPTED or DUPLICATE after the commit, or the error: Invalid for what the
        publisher must mend, DuplicateDiffers, Overloaded, StoreFull, StoreFailed.
        """
        size_bytes = sum([event.size_bytes for event in events])
        error = self.room.refusal(len(events), size_bytes) or fault_of(
            events, self.options.hops_max, is_system
        )
        if error is not None:
            self.refuse(error, done)
            return
        keys = [key_of(principal, event) for event in events]
        if self._is_any_known(keys):
            self._doubt(events, keys, done, principal, records)
        else:
            self.append(events, b"".join(keys), done, principal, records, size_bytes)

    def append(
        self,
        events: Sequence[Event],
        keys: bytes,
        tell: Done,
        principal: str,
        records: Sequence[Record],
        size_bytes: int,
    ) -> None:
        """Hand events that are known to be new to the log."""
        entry = Entry(
            events,
            keys,
            self._when_stored,
            principal,
            records,
            self._clock.monotonic(),
            tell,
            size_bytes,
        )
        for at in range(0, len(keys), KEY_BYTES):
            self._pending[keys[at : at + KEY_BYTES]] = entry
        self.hold(len(events), size_bytes)
        self._append(entry)

    def refuse(self, error: HeadraceError, done: Done) -> None:
        """Answer with `error`, counted."""
        self.counts.refuse(error)
        done(error)

    def hold(self, events: int, size_bytes: int) -> None:
        """Count what waits for a commit, and see that somebody looks after it."""
        room = self.room
        room.waiting_events += events
        room.waiting_bytes += size_bytes
        if self._timer is None and self._loop is not None:
            self._timer = self._loop.call_later(self.options.sweep_seconds, self._sweep_again)

    def admit_reply(
        self,
        event: Event,
        cause: Cause,
        delivery_id: str,
        hops_of_cause: int,
        is_record: bool = False,
    ) -> Reply | Reason | None:
        """The reply as it may be appended with its settlement, or why its delivery is dead.

        None: this delivery's reply is in the log already, and the first one counts.
        """
        if hops_of_cause + 1 > self.options.hops_max:
            return Reason.HOPS
        if event.type.startswith(SYSTEM_TYPES):
            return Reason.REPLY_REFUSED
        hopped = with_attributes(event, {HOPS: str(hops_of_cause + 1)})
        if hopped.size_bytes > self.options.limits.event_bytes:
            return Reason.TOO_LARGE
        key = key_of_reply(cause.trigger, delivery_id)
        if is_record and self.recent_records.find(key) is not None:
            return None
        return None if self.recent.find(key) is not None else Reply(hopped, key, cause, is_record)

    def replies_stored(self, replies: Sequence[Reply]) -> None:
        """Remember replies whose checkpoint is written."""
        now_seconds = self._clock.monotonic()
        for reply in replies:
            table = self.recent_records if reply.is_record else self.recent
            table.add(reply.key, 0, now_seconds)

    def sweep(self) -> None:
        """Answer what has waited too long, honestly: it may yet be stored."""
        now_seconds = self._clock.monotonic()
        self.recent.forget(now_seconds)
        self.recent_records.forget(now_seconds)
        self._doubts.sweep(now_seconds - self.options.answer_seconds)
        for entry in tuple(self._pending.values()):
            if now_seconds - entry.queued_at <= self.options.answer_seconds:
                break
            if not entry.is_answered:
                error = StoreFailed("the store did not commit in time", unknown=True)
                self.counts.refuse(error)
                entry.answer(error)

    def _sweep_again(self) -> None:
        assert self._loop is not None
        self._timer = None
        self.sweep()
        if self.room.waiting_events:
            self._timer = self._loop.call_later(self.options.sweep_seconds, self._sweep_again)

    def _is_any_known(self, keys: Sequence[bytes]) -> bool:
        """Whether one of `keys` is stored, on its way, or twice among them."""
        for key in keys:
            if key in self._pending or self.recent.find(key) is not None:
                return True
        return len(keys) > 1 and len(set(keys)) < len(keys)

    def _doubt(
        self,
        events: Sequence[Event],
        keys: Sequence[bytes],
        done: Done,
        principal: str,
        records: Sequence[Record],
    ) -> None:
        doubt = Doubt(
            events, keys, principal, records, self._clock.monotonic(), done, self.room.release
        )
        self.hold(len(events), doubt.bytes)
        self._doubts.judge(doubt)

    def _stored(self, append: Append) -> None:
        """The log's answer: remember the keys, then tell the publisher."""
        assert isinstance(append, Entry)
        keys = append.keys
        for at in range(0, len(keys), KEY_BYTES):
            self._pending.pop(keys[at : at + KEY_BYTES], None)
        self.room.release(len(append.events), append.bytes)
        if append.error is not None:
            self.counts.refuse(append.error)
            append.answer(append.error)
            return
        if len(append.stored) == 1:  # the usual case, without cutting keys
            self.recent.add(keys, append.stored[0].offset, append.queued_at)
        elif append.stored:
            self.recent.add_packed(keys, append.stored[0].offset, append.queued_at)
        self.counts.accepted += len(append.events)
        self.counts.accepted_bytes += append.bytes
        append.answer(ACCEPTED)
        reach("accept.after-answer")
