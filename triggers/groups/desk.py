"""What operators do with groups: acknowledge, resolve, ignore, reopen, and notes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from broker.clock import Clock
from broker.storage.desk import Desk, Group
from broker.storage.rows import Audit, Checkpoint, Record
from triggers.groups.book import GroupBook
from triggers.groups.events import system_event
from triggers.groups.state import GroupRecord, GroupState, Remark, changed, remarked, reopened
from triggers.groups.watch import Watch

STATE_OF_VERB: Mapping[str, GroupState | None] = {
    "acknowledge": GroupState.ACKNOWLEDGED,
    "resolve": GroupState.RESOLVED,
    "ignore": GroupState.IGNORED,
    "reopen": GroupState.OPEN,
    "note": None,
}


@dataclass(frozen=True, slots=True)
class Tended:
    """A group, and what operators have said of it as it counts now."""

    group: Group
    record: GroupRecord


class GroupDesk:
    """Of one partition. `watch` is None where nothing is announced."""

    def __init__(
        self, broker: str, desk: Desk, book: GroupBook, watch: Watch | None, clock: Clock
    ) -> None:
        self._broker = broker
        self._desk = desk
        self._book = book
        self._watch = watch
        self._clock = clock

    @property
    def is_idle(self) -> bool:
        """Whether nothing is waiting to be told."""
        return self._watch is None or self._watch.is_idle

    def committed(self, checkpoint: Checkpoint) -> None:
        if self._watch is not None and checkpoint.dead_letters:
            self._watch.committed(checkpoint)

    def tended(self, group: Group) -> Tended:
        return Tended(group, reopened(self._book.of(group.id), group))

    async def find(self, id: str) -> Tended | None:
        """The group `id`, also where it counts nothing now."""
        found = await self._desk.groups_named([id])
        return self.tended(found[0]) if found else None

    async def act(
        self, verb: str, id: str, remark: Remark, by: str, reason: str = ""
    ) -> Tended | None:
        """Carry out `verb`, a key of STATE_OF_VERB; gives the group once that is on disk.

        One that changes nothing writes nothing. None: there is no such group. Raises StoreFailed.
        """
        async with self._book.lock:
            before = await self.find(id)
            if before is None:
                return None
            group, now, state = before.group, self._clock.now(), STATE_OF_VERB[verb]
            after = before.record
            if state is not None:
                after = changed(after, group, state, by, now)
            after = remarked(after, remark, by, now)
            if after != before.record:
                act = Audit(now, by, f"group.{verb}", id, 1, reason)
                await self._book.write({id: after}, [act])
        if self._watch is not None:
            self._watch.ask(id)
        return Tended(group, after)

    def announce(
        self,
        what: str,
        subject: str,
        once: str,
        data: Mapping[str, Any],
        records: Iterable[Record] = (),
    ) -> None:
        """Put an event of the type dev.headrace.system.`what` into the broker's log, soon.

        `once` is what no other event of that type and subject tells (its id follows from
        both); `records` are written in the same commit. It may be lost if the process ends first.
        """
        if self._watch is not None:
            event = system_event(self._broker, what, subject, once, data, self._clock.now())
            self._watch.announce(event, records)
