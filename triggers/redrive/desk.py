"""The verbs of one partition's dead-letter desk: in slices, each one checkpoint with its audit.

A redriven dead letter stays on the desk until its delivery is settled: the move to
`redriving` and the parked row are one checkpoint, and so are the 2xx and the move to
`delivered`, or the last failure and the move back to `dead`.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from broker.clock import Clock
from broker.errors import StoreFailed
from broker.event import Event
from broker.storage.desk import Desk, Term
from broker.storage.rows import Audit, DeadLetter, DeadState, Move
from triggers.checkpointer import Checkpointer
from triggers.edits import Edit, edit_record
from triggers.lane import Lane
from triggers.ledger import Ledger
from triggers.redrive.acts import Acted, Refused, discarding, restoring
from triggers.redrive.returning import LaneOf, Returning

SLICE_LETTERS = 500
WRITE_SECONDS_MAX = 20.0

Change = Callable[[DeadLetter], Move | str]


class Sending(Protocol):
    """A job that sends dead letters back, or a plan that is carried out, as the desk sees it."""

    def is_wanted(self) -> bool:
        """Whether it still wants them, now that they are read."""
        ...

    def took(self, ids: Sequence[str], moved: Sequence[str], refused: Sequence[Refused]) -> None:
        """Of `ids` the first are in the ledger, the others stay as they are: both are on disk
        with the next checkpoint, and with them what the job puts beside."""
        ...

    def gone(self, id: str) -> None:
        """One of those that were moved had expired, and was not."""
        ...


class LetterDesk:
    """One verb at a time; each gives back when its effect is on disk."""

    def __init__(
        self,
        desk: Desk,
        ledger: Ledger,
        checkpointer: Checkpointer,
        returning: Returning,
        clock: Clock,
    ) -> None:
        self._desk = desk
        self._ledger = ledger
        self._checkpointer = checkpointer
        self._returning = returning
        self._clock = clock
        self.one_at_a_time = asyncio.Lock()

    def know_detours(self, detours: Mapping[str, Lane]) -> None:
        """The lanes, by name, of redrives that go to other sinks than the triggers'."""
        self._returning.detours = detours

    async def redrive(self, ids: Sequence[str], by: str, reason: str = "") -> Acted:
        """Back to their triggers, as parked deliveries that are due.

        A redrive repeats the call: the sink may have taken the event before (a refused reply,
        an answer that was lost).
        """

        def change(letter: DeadLetter) -> Move | str:
            return self._returning.begin(letter, by, reason)

        return await self._act("redrive", ids, DeadState.DEAD, change, by, reason)

    async def edit(self, id: str, edited: Event, by: str, reason: str) -> Acted:
        """Deliver `edited` to the trigger in place of the dead letter `id` (see `edits`)."""

        def change(letter: DeadLetter) -> Move | str:
            move = self._returning.begin(letter, by, reason, edited)
            if isinstance(move, Move):  # the same turn of the loop, so the same checkpoint
                edit = Edit(edited, self._clock.now(), by)
                self._ledger.records.append(edit_record(letter.id, edit))
            return move

        return await self._act("edit", [id], DeadState.DEAD, change, by, reason)

    async def send_back(
        self,
        ids: Sequence[str],
        by: str,
        reason: str,
        sending: Sending,
        lane_of: LaneOf | None = None,
    ) -> int:
        """`redrive` for a job, which audits itself; gives how many of `ids`, the first, were taken.

        Fewer where all would be too many bytes at once. `lane_of` as `Returning.begin` has it.
        """
        return await self._carry_out(
            ids,
            DeadState.DEAD,
            lambda letter: self._returning.begin(letter, by, reason, lane_of=lane_of),
            sending,
        )

    async def discard_for(self, ids: Sequence[str], by: str, reason: str, sending: Sending) -> int:
        """`discard` for a plan, which audits itself; gives what `send_back` gives."""
        return await self._carry_out(
            ids,
            DeadState.DEAD,
            lambda letter: discarding(letter, self._clock.now(), by, reason),
            sending,
        )

    async def restore_for(self, ids: Sequence[str], by: str, reason: str, sending: Sending) -> int:
        """`restore` for a plan, as `discard_for`."""
        return await self._carry_out(
            ids,
            DeadState.DISCARDED,
            lambda letter: restoring(letter, self._clock.now(), by, reason),
            sending,
        )

    async def _carry_out(
        self, ids: Sequence[str], state: DeadState, change: Change, sending: Sending
    ) -> int:
        async with self.one_at_a_time:
            some, letters = await self.read(ids)
            if not sending.is_wanted():
                return 0
            refused: list[Refused] = []
            moves = self._moves(letters, state, change, refused)
            there = {letter.id for letter in letters}
            refused += [Refused(one, "unknown") for one in some if one not in there]
            sending.took(some, [move.id for move in moves], refused)
            for one in await self.flush(moves):
                sending.gone(one)
        return len(some)

    async def read(self, ids: Sequence[str]) -> tuple[Sequence[str], Sequence[DeadLetter]]:
        """The dead letters of as many of `ids`, from the first on, as a page holds."""
        while True:
            page = await self._desk.page((Term("id", "in", tuple(ids)),), None, len(ids))
            if page.next is None or len(ids) == 1:
                return ids, page.items
            ids = ids[: len(ids) // 2]

    async def discard(self, ids: Sequence[str], by: str, reason: str) -> Acted:
        """To the bin; `restore` takes them out again, for seven days at least."""
        return await self._act(
            "discard",
            ids,
            DeadState.DEAD,
            lambda letter: discarding(letter, self._clock.now(), by, reason),
            by,
            reason,
        )

    async def restore(self, ids: Sequence[str], by: str, reason: str = "") -> Acted:
        """Out of the bin."""
        return await self._act(
            "restore",
            ids,
            DeadState.DISCARDED,
            lambda letter: restoring(letter, self._clock.now(), by, reason),
            by,
            reason,
        )

    async def _act(
        self,
        verb: str,
        ids: Sequence[str],
        state: DeadState,
        change: Change,
        by: str,
        reason: str,
    ) -> Acted:
        moved: list[str] = []
        refused: list[Refused] = []
        async with self.one_at_a_time:
            for some in slices(ids):
                unseen = dict.fromkeys(some)
                cursor: str | None = None
                while unseen:  # a page is bounded by bytes too, and makes its own checkpoint
                    page = await self._desk.page((Term("id", "in", some),), cursor, SLICE_LETTERS)
                    moves = self._moves(page.items, state, change, refused)
                    if moves:
                        told = " ".join(move.id for move in moves)
                        act = Audit(self._clock.now(), by, verb, told, len(moves), reason)
                        self._ledger.audit.append(act)
                        gone = await self.flush(moves)
                        refused += [Refused(one, "expired") for one in gone]
                        moved += [move.id for move in moves if move.id not in gone]
                    for letter in page.items:
                        unseen.pop(letter.id, None)
                    if (cursor := page.next) is None:
                        break
                refused += [Refused(one, "unknown") for one in unseen]
        return Acted(tuple(moved), tuple(refused))

    def _moves(
        self,
        letters: Sequence[DeadLetter],
        state: DeadState,
        change: Change,
        refused: list[Refused],
    ) -> list[Move]:
        """Into the ledger, oldest first: nothing else runs between the reading and here."""
        moves: list[Move] = []
        for letter in sorted(letters, key=lambda one: one.place.offset):
            move = change(letter) if letter.state is state else letter.state.value
            if isinstance(move, Move):
                moves.append(move)
            else:
                refused.append(Refused(letter.id, move))
        self._ledger.moves += moves
        return moves

    async def flush(self, moves: Sequence[Move]) -> set[str]:
        """Write what is in the ledger; gives the ids of `moves` that expired before."""
        self._ledger.urgent = True
        try:
            async with asyncio.timeout(WRITE_SECONDS_MAX):
                await self._checkpointer.flush()
        except TimeoutError as error:
            raise StoreFailed("the store has not said that it wrote", unknown=True) from error
        there = await self._desk.states([move.id for move in moves])
        gone = [move for move in moves if move.id not in there]
        for move in gone:
            self._returning.stay_away(move)
        return {move.id for move in gone}


def slices(ids: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Each id once, so many at a time."""
    each = tuple(dict.fromkeys(ids))
    for start in range(0, len(each), SLICE_LETTERS):
        yield each[start : start + SLICE_LETTERS]
