"""Republishing: dead letters whose events go to all triggers of a broker again."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from broker.errors import HeadraceError, TooLarge, Unavailable
from broker.event import Event
from broker.failpoint import reach
from broker.storage.rows import DeadLetter, DeadState, Record
from broker.waiting import Result
from triggers.ledger import Ledger
from triggers.redrive.acts import Refused
from triggers.redrive.desk import LetterDesk, Sending
from triggers.redrive.job import RedriveJob
from triggers.redrive.published import (
    again_event,
    counted_move,
    is_published,
    prefix_of,
    principal_of,
    published_move,
)
from triggers.redrive.reach import OtherBroker

RECORDS_READ = 500


@dataclass(slots=True)
class Slice:
    """What came of some ids, in their order, up to where a broker took no more."""

    published: dict[str, int | None] = field(default_factory=dict)  # offsets by letter
    counted: list[DeadLetter] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    stopped_by: Unavailable | None = None


class Republishing:
    """Of one partition, whose dead letters they are."""

    def __init__(self, letters: LetterDesk, ledger: Ledger, now: Callable[[], datetime]) -> None:
        self._letters = letters
        self._ledger = ledger
        self._now = now
        self._sure: set[str] = set()  # jobs of which no record is left that is not told of

    def forget(self, job: str) -> None:
        self._sure.discard(job)

    async def send(
        self, job: RedriveJob, broker: OtherBroker, ids: Sequence[str], sending: Sending
    ) -> None:
        """Publish those of `ids`, the first, that the broker takes, and be done with them.

        Raises Unavailable where it takes none now.
        """
        async with self._letters.one_at_a_time:
            if job.id not in self._sure:
                await self.recover(job, broker)
            some, letters = await self._letters.read(ids)
            if not sending.is_wanted():
                return
            found = await self._publish(job, broker, some, {one.id: one for one in letters})
            if not found.taken and found.stopped_by is not None:
                raise found.stopped_by
            reach("redrive.published")
            now = self._now()
            moves = [
                published_move(job, letter, offset, now)
                for letter, offset in found.published.items()
            ]
            moves += [counted_move(letter, now) for letter in found.counted]
            self._ledger.moves += moves
            sending.took(found.taken, [move.id for move in moves], found.refused)
            for gone in await self._letters.flush(moves):
                sending.gone(gone)
            broker.forget([Record(prefix_of(job.id) + one, None) for one in found.published])

    async def recover(self, job: RedriveJob, broker: OtherBroker) -> None:
        """Be done with what was published and not told of: by who died, or was not answered."""
        prefix, after = prefix_of(job.id), ""
        while records := await broker.records.scan(prefix, after, RECORDS_READ):
            after = records[-1][0]
            now, keys = self._now(), [key for key, *_ in records]
            moves = [published_move(job, key.removeprefix(prefix), None, now) for key in keys]
            self._ledger.moves += moves
            await self._letters.flush(moves)
            broker.forget([Record(key, None) for key in keys])
        self._sure.add(job.id)

    async def _publish(
        self,
        job: RedriveJob,
        broker: OtherBroker,
        ids: Sequence[str],
        letters: dict[str, DeadLetter],
    ) -> Slice:
        """All at once, so that they share commits; each by itself, so that none holds another."""
        dead = [one for one in letters.values() if one.state is DeadState.DEAD]
        events = {one.id: again_event(one) for one in dead}
        answers = dict(
            zip(
                events,
                await asyncio.gather(*(
                    _store(job, broker, letter, event) for letter, event in events.items()
                )),
                strict=True,
            )
        )  # fmt: skip
        found = Slice()
        for name in ids:
            letter, answer = letters.get(name), answers.get(name)
            if isinstance(answer, Unavailable):
                # What follows may be stored, and is found by its record then.
                self._sure.discard(job.id)
                found.stopped_by = answer
                break
            found.taken.append(name)
            if letter is None:
                found.refused.append(Refused(name, "unknown"))
            elif is_published(job, letter):
                found.counted.append(letter)
            elif answer is None:
                found.refused.append(Refused(name, letter.state.value))
            elif isinstance(answer, HeadraceError):
                found.refused.append(Refused(name, "not-accepted"))
            else:
                offset = broker.offset_of(principal_of(job.id), events[name])
                found.published[name] = offset
        return found


async def _store(job: RedriveJob, broker: OtherBroker, letter: str, event: Event) -> Result:
    """The broker's answer when it is on disk, with the record that says so."""
    if event.size_bytes > (most := broker.event_bytes_max()):
        return TooLarge(f"the event is larger than {most:,} bytes", code="too-large")
    answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()

    def done(result: Result) -> None:
        if not answer.done():  # cancelled meanwhile: it may be stored all the same
            answer.set_result(result)

    record = Record(prefix_of(job.id) + letter, b"")
    broker.door.accept([event], done, principal_of(job.id), [record])
    return await answer
