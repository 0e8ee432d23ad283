"""What a lane counts for the store: the pairs it settled since its last checkpoint."""

from broker.storage.rows import Counts


class Counting:
    """The part of a lane that counts; a base of it, for a call to another object would be
    most of the price of counting one delivery.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.totals = Counts(name)  # durable and pending, for listings
        self._matched = self._delivered = self._dead = self._discarded = self._redelivered = 0

    def count_dead(self) -> None:
        self._dead += 1

    def count_redelivered(self) -> None:
        """A dead letter of it was delivered by another lane."""
        self._redelivered += 1

    def count_waiting(self, events: int) -> None:
        """`events` of a key became offset-only rows: their pairs are no longer open."""
        self._matched += events

    def count_discarded(self, matched: int = 0, rows: int = 0) -> None:
        """So many events that match and were not settled are discarded, and so many rows."""
        self._matched += matched
        self._discarded += matched + rows

    def take_counts(self) -> Counts | None:
        """What to add to the stored counts since the last time; None for nothing."""
        counted = self._matched or self._delivered or self._dead or self._discarded
        if not (counted or self._redelivered):
            return None
        delta = Counts(
            self.name,
            self._matched,
            self._delivered,
            self._dead,
            self._discarded,
            self._redelivered,
        )
        self.totals = self.totals.plus(delta)
        self._matched = self._delivered = self._dead = self._discarded = self._redelivered = 0
        return delta
