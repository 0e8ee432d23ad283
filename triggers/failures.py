"""What a failed attempt becomes: a parked row or a dead letter, with all its evidence."""

from collections.abc import Callable
from datetime import datetime

from broker.clock import Clock
from broker.delivery import Attempt, Dead, Failed, Held, Parked, Reason
from broker.event import Event, StoredEvent
from broker.storage.rows import DeadLetter, DeadState, Move, ParkedRow, Place, WaitingRow
from broker.telemetry import Telemetry
from triggers.carriage import Carriage
from triggers.dead_letters import Deathbed, build_dead_letter, forwarded_event
from triggers.edits import edited_letter, given_up
from triggers.evidence import alike_of, attempt_of, first_of, keep_attempts, waited_seconds_of
from triggers.fingerprint import dead_letter_id
from triggers.held import forgive_suspicion, give_back
from triggers.lane import Lane
from triggers.ledger import Ledger
from triggers.policy import Tried, decide
from triggers.turns import Following

COMPANION = "#dead-letter"
DEAD_LETTER_STEP = "dead-letter"
GONE = "gone"  # among the holds of a lane that nobody tends any more
TELL_SECONDS = 1.0


class Failures:
    """Parks and buries the deliveries of one partition.

    `on_turn(lane, offset, key)` is called when the next of an ordered key is an offset-only
    row, `on_pause(lane, why)` when the answer asks for the trigger to stop.
    """

    def __init__(
        self,
        broker: str,
        ledger: Ledger,
        clock: Clock,
        random: Callable[[], float],
        telemetry: Telemetry,
        on_turn: Callable[[Lane, int, str], None],
        on_pause: Callable[[Lane, str], None],
    ) -> None:
        self._broker = broker
        self._ledger = ledger
        self._clock = clock
        self._random = random
        self._telemetry = telemetry
        self._on_turn = on_turn
        self._on_pause = on_pause

    def fail(self, lane: Lane, carriage: Carriage, failed: Failed, duration_seconds: float) -> None:
        """Decide after an attempt that took so long; put the consequences in the ledger."""
        row, now = carriage.row, self._clock.now()
        if failed.apart_max_seconds is not None:
            forgive_suspicion(carriage, failed)
        age = (row.age_seconds if row else 0.0) + duration_seconds
        made = row.attempts_before if row else 0
        waited_seconds, alike = 0.0, 0
        if row is not None:
            waited_seconds, alike = waited_seconds_of(row, failed), alike_of(row, failed)
        tried = Tried(carriage.attempt - made, waited_seconds, age, alike)
        settlement = decide(failed, tried, lane.spec.policy, now, self._random())
        if failed.parked_seconds is None:
            self._note(lane, failed, now)
        is_bound = lane.is_companion or lane.elsewhere  # nobody could resume these
        if isinstance(settlement, Held) and settlement.pause and is_bound:
            settlement = Dead(Reason.CONFIG, pause=True)
        if isinstance(settlement, Held):
            give_back(lane, carriage, failed)
            self._stop(lane, failed, settlement.pause and not lane.is_paused)
            return
        attempt = attempt_of(
            carriage.attempt, failed, duration_seconds, settlement, now, lane.elsewhere
        )
        attempts = keep_attempts((*(row.attempts if row else ()), attempt))
        self.drop_row(lane, carriage)
        lane.leave(carriage, delivered=False)
        if isinstance(settlement, Parked):
            self._park(lane, carriage, settlement, age, attempts, now)
            return
        assert isinstance(settlement, Dead)  # decide gives nothing else for a failure
        self.bury(lane, carriage, failed, settlement.reason, attempts)
        self.release(lane, carriage)
        self._stop(lane, failed, settlement.pause)

    def _stop(self, lane: Lane, failed: Failed, is_asked: bool) -> None:
        """Pause the trigger, or the job, where the answer asks for it."""
        # Copies of dead letters: each says on its own how it failed, and nobody could resume them.
        is_stopping = is_asked and not lane.is_companion
        if is_stopping and not lane.pause_itself(failed.message):
            self._on_pause(lane, failed.message)

    def give_up(self, lane: Lane, carriage: Carriage, failed: Failed, reason: Reason) -> None:
        """End a delivery that waits in the lane's memory, without an attempt."""
        attempts = carriage.row.attempts if carriage.row else ()
        self.drop_row(lane, carriage)
        lane.leave(carriage, delivered=False)
        self.bury(lane, carriage, failed, reason, attempts)
        self.release(lane, carriage)

    @staticmethod
    def _note(lane: Lane, failed: Failed, now: datetime) -> None:
        name = failed.outcome_class.value
        count = lane.counts.last_errors.get(name, (0, "", now))[0]
        lane.counts.last_errors[name] = (count + 1, failed.message, now)
        lane.counts.ok_at_failure = lane.counts.ok

    def _park(
        self,
        lane: Lane,
        carriage: Carriage,
        parked: Parked,
        age_seconds: float,
        attempts: tuple[Attempt, ...],
        now: datetime,
    ) -> None:
        if parked.hold_seconds is not None:
            carriage.target.hold(self._clock.monotonic() + parked.hold_seconds)
        place, row = carriage.place, carriage.row
        wait = (parked.until - now).total_seconds()
        lane.taken.add(place)
        lane.parked_count += 1
        self._ledger.parked[place] = ParkedRow(
            place=place,
            delivery_id=carriage.id,
            attempt=parked.attempt + (row.attempts_before if row else 0),
            due_at=parked.until,
            wait_seconds=parked.wait_seconds,
            age_seconds=age_seconds + wait * parked.ages,
            first_at=row.first_at if row else attempts[0].started_at,
            stored_at=carriage.stored_at,
            event=carriage.kept_event,
            attempts=attempts,
            order_key=carriage.order_key,
            redrives=row.redrives if row else 0,
            attempts_before=row.attempts_before if row else 0,
        )
        self._park_key(lane, carriage.order_key)

    def _park_key(self, lane: Lane, key: str | None) -> None:
        """Events that wait behind a parked one of their key become offset-only rows."""
        if key is None or lane.turns is None:
            return
        offsets = list(lane.turns.park(key))
        for offset in offsets:
            lane.open.pop(offset, None)
            self._ledger.waiting.append(WaitingRow(lane.name, offset, key))
        lane.count_waiting(len(offsets))

    def bury(
        self,
        lane: Lane,
        carriage: Carriage,
        failed: Failed,
        reason: Reason,
        attempts: tuple[Attempt, ...],
    ) -> None:
        """End a delivery that has left its lane as a dead letter."""
        # The dead letter and the end of its retries are one checkpoint: apart, dying in
        # between would lose the event, or carry it again after we gave it up.
        self._ledger.urgent = True
        if lane.is_companion:
            self._note_forwarded(carriage, f"failed: {failed.message}")
            return
        if (original := edited_letter(carriage.place)) is not None:
            self._return_edited(lane, carriage, original, failed, reason)
            return
        row = carriage.row
        letter = build_dead_letter(
            carriage,
            failed,
            reason,
            Deathbed(self._broker, lane.sink.name, lane.revision),
            dead_at=self._clock.now(),
            first_at=first_of(row, attempts, self._clock.now()),
            attempts=attempts,
        )
        self._ledger.dead_letters.append(letter)
        by_reason = lane.counts.dead_by_reason
        by_reason[reason.value] = by_reason.get(reason.value, 0) + 1
        if row is None or not row.redrives:  # dead again: it is counted already
            lane.count_dead()
        # A replay may know of it a moment longer than it is there.
        if lane.companion is not None and GONE not in lane.companion.holds:
            self._forward(lane.companion, carriage, forwarded_event(letter, failed))
        self._tell(lane, letter)

    def _return_edited(
        self, lane: Lane, carriage: Carriage, original: str, failed: Failed, reason: Reason
    ) -> None:
        """An edited copy has failed: its dead letter is dead as it was before, with the edit kept.

        No dead letter of the copy: both could be redriven then, and both be delivered.
        """
        move, record = given_up(original, carriage.kept_event, failed, self._clock.now())
        self._ledger.moves.append(move)
        self._ledger.records.append(record)
        by_reason = lane.counts.dead_by_reason
        by_reason[reason.value] = by_reason.get(reason.value, 0) + 1

    def _tell(self, lane: Lane, letter: DeadLetter) -> None:
        """One log record a second and trigger, with the latest as example: the rest counts."""
        lane.untold_dead += 1
        now = self._clock.monotonic()
        if now - lane.told_at < TELL_SECONDS:
            return
        self._telemetry.emit(
            "delivery.dead",
            trigger=lane.name,
            count=lane.untold_dead,
            offset=letter.place.offset,
            reason=letter.reason,
            status=letter.status,
            message=letter.message,
        )
        lane.told_at = now
        lane.untold_dead = 0

    def _note_forwarded(self, carriage: Carriage, how: str) -> None:
        """A flag on the dead letter; its state stays, and it never makes another dead letter."""
        letter = dead_letter_id(carriage.id)
        self._ledger.moves.append(
            Move(letter, tuple(DeadState), None, self._clock.now(), "headrace", forwarded=how[:500])
        )

    def _forward(self, companion: Lane, carriage: Carriage, event: Event) -> None:
        """The copy to the deadLetterSink: a parked delivery of its own, due at once."""
        now = self._clock.now()
        # A replay's copy must not take the place of the trigger's own, of the same event.
        is_own = carriage.step == "deliver"
        step = DEAD_LETTER_STEP if is_own else f"{DEAD_LETTER_STEP}/{carriage.step}"
        place = Place(companion.name, carriage.offset, step)
        companion.taken.add(place)
        companion.parked_count += 1
        self._ledger.touch(companion)
        self._ledger.parked[place] = ParkedRow(
            place=place,
            delivery_id=carriage.id,
            attempt=1,
            due_at=now,
            wait_seconds=0.0,
            age_seconds=0.0,
            first_at=now,
            stored_at=carriage.stored_at,
            event=event,
        )

    def forwarded(self, carriage: Carriage) -> None:
        """The deadLetterSink took its copy."""
        self._note_forwarded(carriage, "delivered")

    def drop_row(self, lane: Lane, carriage: Carriage) -> None:
        """The row that a delivery was taken from goes in the same checkpoint."""
        if carriage.row is not None:
            self._ledger.unparked.append(carriage.place)
            lane.parked_count -= 1
        elif carriage.waiting:
            self._ledger.unwaiting.append((lane.name, carriage.offset))

    def release(self, lane: Lane, carriage: Carriage) -> None:
        """Give the turn of an ordered key to who is next."""
        if carriage.order_key is None or lane.turns is None:
            return
        self.give_turn(lane, carriage.order_key, lane.turns.release(carriage.order_key))

    def give_turn(self, lane: Lane, key: str, following: Following) -> None:
        """Let `following` begin, as `key`'s turns say who is next."""
        if isinstance(following, StoredEvent):
            lane.enqueue(following)
        elif isinstance(following, int):
            self._on_turn(lane, following, key)
        elif following is not None:
            lane.retry(following)
