"""Dead letters on their way back: what a lane must know before their rows are on disk."""

from collections.abc import Callable, Mapping

from broker.clock import Clock
from broker.event import Event
from broker.storage.rows import DeadLetter, DeadState, Move, WaitingRow
from triggers.edits import edited_row
from triggers.failures import Failures
from triggers.lane import Lane
from triggers.ledger import Ledger
from triggers.redrive.acts import redriven_row

LaneOf = Callable[[str], Lane | None]

ORDERED_PARKED_MAX = 1_000  # rows of an ordered trigger: those that are due wait in memory


class Returning:
    """Of one partition; `lanes` are its own, `wake(lane)` is told of work that can begin."""

    def __init__(
        self,
        lanes: Mapping[str, Lane],
        ledger: Ledger,
        failures: Failures,
        wake: Callable[[Lane], None],
        clock: Clock,
    ) -> None:
        self._lanes = lanes
        self._ledger = ledger
        self._failures = failures
        self._wake = wake
        self._clock = clock
        self.detours: Mapping[str, Lane] = {}  # by name

    def begin(
        self,
        letter: DeadLetter,
        by: str,
        reason: str,
        edited: Event | None = None,
        lane_of: LaneOf | None = None,
    ) -> Move | str:
        """The move that takes `letter` back, or why it may not (a key of WHY).

        With `edited` it is that copy that goes to the trigger. `lane_of(trigger)` gives the
        lane that carries it, the trigger's own unless said.
        """
        lane = (lane_of or self._lanes.get)(letter.place.trigger)
        if lane is None or lane.is_companion:
            return "trigger-gone"
        key = None
        if lane.turns is not None and lane.spec.order_by:
            key = (edited or letter.event).attributes.get(lane.spec.order_by)
        if key is not None and lane.parked_count >= ORDERED_PARKED_MAX:
            return "busy"
        now = self._clock.now()
        row = (
            redriven_row(letter, lane.name, key, now)
            if edited is None
            else edited_row(letter, edited, key, now)
        )
        lane.parked_count += 1
        self._ledger.touch(lane)
        if key is not None:
            self._take_turn(lane, key)
        return Move(letter.id, (DeadState.DEAD,), DeadState.REDRIVING, now, by, reason, parked=row)

    def _take_turn(self, lane: Lane, key: str) -> None:
        """Whoever waits for this key goes after the dead letter, as behind any parked one."""
        assert lane.turns is not None, "only ordered lanes have turns"
        offsets = list(lane.turns.come_back(key))
        for offset in offsets:
            lane.open.pop(offset, None)
            self._ledger.waiting.append(WaitingRow(lane.name, offset, key))
        lane.count_waiting(len(offsets))

    def stay_away(self, move: Move) -> None:
        """The row of `move` never came to be: undo what was prepared for it."""
        row = move.parked
        if row is None:
            return
        name = row.place.trigger
        lane = self._lanes.get(name) or self.detours.get(name)
        if lane is None:
            return
        lane.parked_count -= 1
        if row.order_key is not None and lane.turns is not None:
            following = lane.turns.stay_away(row.order_key)
            self._failures.give_turn(lane, row.order_key, following)
            self._wake(lane)
