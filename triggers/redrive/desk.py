"""The verbs of one partition's dead-letter desk: in slices, each one checkpoint with its audit.

A redriven dead letter stays on the desk until its delivery is settled: the move to
`redriving` and the parked row are one checkpoint, and so are the 2xx and the move to
`delivered`, or the last failure and the move back to `dead`.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence

from broker.clock import Clock
from broker.errors import StoreFailed
from broker.storage.desk import Desk, Term
from broker.storage.rows import Audit, DeadLetter, DeadState, Move
from triggers.checkpointer import Checkpointer
from triggers.ledger import Ledger
from triggers.redrive.acts import Acted, Refused, discarding, restoring
from triggers.redrive.returning import Returning

SLICE_LETTERS = 500
WRITE_SECONDS_MAX = 20.0

Change = Callable[[DeadLetter], Move | str]


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
        self._one_at_a_time = asyncio.Lock()

    async def redrive(self, ids: Sequence[str], by: str, reason: str = "") -> Acted:
        """Back to their triggers, as parked deliveries that are due.

        A redrive repeats the call: the sink may have taken the event before (a refused reply,
        an answer that was lost).
        """

        def change(letter: DeadLetter) -> Move | str:
            return self._returning.begin(letter, by, reason)

        return await self._act("redrive", ids, DeadState.DEAD, change, by, reason)

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
        async with self._one_at_a_time:
            for some in slices(ids):
                unseen = dict.fromkeys(some)
                cursor: str | None = None
                while unseen:  # a page is bounded by bytes too, and makes its own checkpoint
                    page = await self._desk.page((Term("id", "in", some),), cursor, SLICE_LETTERS)
                    moves = self._moves(page.items, state, change, refused)
                    moved += await self._write(verb, moves, by, reason, refused)
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

    async def _write(
        self, verb: str, moves: Sequence[Move], by: str, reason: str, refused: list[Refused]
    ) -> list[str]:
        """Write `moves` with their audit; gives the ids of those that were made."""
        if not moves:
            return []
        ids = [move.id for move in moves]
        act = Audit(self._clock.now(), by, verb, " ".join(ids), len(ids), reason)
        self._ledger.audit.append(act)
        self._ledger.urgent = True
        try:
            async with asyncio.timeout(WRITE_SECONDS_MAX):
                await self._checkpointer.flush()
        except TimeoutError as error:
            raise StoreFailed("the store has not said that it wrote", unknown=True) from error
        there = await self._desk.states(ids)
        for move in moves:
            if move.id not in there:  # it expired between the reading and the writing
                refused.append(Refused(move.id, "expired"))
                self._returning.stay_away(move)
        return [one for one in ids if one in there]


def slices(ids: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Each id once, so many at a time."""
    each = tuple(dict.fromkeys(ids))
    for start in range(0, len(each), SLICE_LETTERS):
        yield each[start : start + SLICE_LETTERS]
