"""What became of every event of one run, by its number: sent, answered, delivered where."""

import sys
import time
from array import array

UNANSWERED = 0
BROKEN = -1  # the connection ended before an answer: stored or not, nobody knows


class Ledger:
    """The load and the sinks write it, on one loop; the checks read it at the end.

    An event's number is its CloudEvents id. Latencies are kept of the events that were sent
    between `begin_timing` and `end_timing`, and of their deliveries to `timed_sinks` (None:
    all).
    """

    def __init__(self, sinks: int, timed_sinks: frozenset[int] | None = None) -> None:
        self.sent_ns = array("q")
        self.statuses = array("h")
        self._accepted = bytearray()
        self._delivered = [bytearray() for _ in range(sinks)]
        self._timed_sinks = frozenset(range(sinks)) if timed_sinks is None else timed_sinks
        self.accepted = 0
        self.deliveries = 0  # first ones; repeated ones are duplicates
        self.duplicates = 0
        self.strays = 0
        self._timed_from = self._timed_until = 0
        self.ack_ns = array("q")
        self.delivery_ns = array("q")

    def send(self, at_ns: int) -> int:
        """Number the next event, which counts as sent at `at_ns`."""
        self.sent_ns.append(at_ns)
        self.statuses.append(UNANSWERED)
        self._accepted.append(0)
        return len(self.sent_ns) - 1

    def begin_timing(self) -> None:
        self._timed_from, self._timed_until = len(self.sent_ns), sys.maxsize

    def end_timing(self) -> None:
        self._timed_until = len(self.sent_ns)

    def answer(self, number: int, status: int) -> None:
        self.statuses[number] = status
        if 200 <= status < 300:
            self._accepted[number] = 1
            self.accepted += 1
        if self._timed_from <= number < self._timed_until:
            self.ack_ns.append(time.monotonic_ns() - self.sent_ns[number])

    def deliver(self, sink: int, number: int) -> None:
        """An event has come to a sink whole, and is answered 2xx."""
        if not (0 <= sink < len(self._delivered) and 0 <= number < len(self.sent_ns)):
            self.strays += 1
            return
        seen = self._delivered[sink]
        if number >= len(seen):
            seen.extend(bytes(number + 4096 - len(seen)))
        if seen[number]:
            self.duplicates += 1
            return
        seen[number] = 1
        self.deliveries += 1
        now = time.monotonic_ns()
        if self._timed_from <= number < self._timed_until and sink in self._timed_sinks:
            self.delivery_ns.append(now - self.sent_ns[number])

    def lost(self, sinks: "frozenset[int] | None" = None) -> int:
        """Deliveries that accepted events still owe to `sinks` (None: all of them)."""
        accepted = _bits(self._accepted)
        wanted = range(len(self._delivered)) if sinks is None else sinks
        return sum((accepted & ~_bits(self._delivered[sink])).bit_count() for sink in wanted)

    def delivered_to(self, sink: int) -> int:
        return _bits(self._delivered[sink]).bit_count()

    def refused(self) -> int:
        return sum(status >= 300 for status in self.statuses)

    def unanswered(self) -> int:
        return sum(status <= UNANSWERED for status in self.statuses)


def _bits(flags: bytearray) -> int:
    return int.from_bytes(flags, "little")
