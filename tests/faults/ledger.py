"""What the outside knows: what was sent and answered, and what the sinks have received."""

import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """One request of a publisher; `at` is when its answer was read."""

    sent_at: float
    at: float
    status: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """One request that a sink has read whole; `is_final` unless it asked for another attempt."""

    id: str
    at: float
    generation: int
    is_final: bool


class Ledger:
    """Written by publishers and subscribers of one test; the store has no part in it."""

    def __init__(self) -> None:
        self.sent: dict[str, str] = {}  # id to type
        self.answers: dict[str, list[Answer]] = defaultdict(list)
        self.slowest_seconds: dict[int, float] = defaultdict(float)  # by status
        self.receipts: dict[str, list[Receipt]] = defaultdict(list)
        self._finals: dict[str, Counter[str]] = defaultdict(Counter)
        self.accepted: set[str] = set()
        self.generation = 0

    def send(self, id: str, type: str) -> None:
        self.sent[id] = type

    def answer(self, id: str, status: int, sent_at: float) -> None:
        now = time.monotonic()
        self.answers[id].append(Answer(sent_at, now, status))
        self.slowest_seconds[status] = max(self.slowest_seconds[status], now - sent_at)
        if status == 202:
            self.accepted.add(id)

    def receive(self, sink: str, id: str, is_final: bool) -> None:
        receipt = Receipt(id, time.monotonic(), self.generation, is_final)
        self.receipts[sink].append(receipt)
        if is_final:
            self._finals[sink][id] += 1

    def finals(self, sink: str) -> Mapping[str, int]:
        """How often each event came to its end at `sink`, by id."""
        return self._finals[sink]

    def accepted_of(self, type: str) -> set[str]:
        return {one for one in self.accepted if self.sent[one] == type}

    def answered(self, status: int) -> list[Answer]:
        """Each answer with that status, in no order."""
        return [one for answers in self.answers.values() for one in answers if one.status == status]

    def statuses(self) -> Counter[int]:
        return Counter(one.status for answers in self.answers.values() for one in answers)

    def repeats(self, sink: str) -> list[tuple[Receipt, Receipt]]:
        """(before, again) for each event that came to its end at `sink` more than once."""
        before: dict[str, Receipt] = {}
        found = []
        for receipt in self.receipts[sink]:
            if not receipt.is_final:
                continue
            if receipt.id in before:
                found.append((before[receipt.id], receipt))
            before[receipt.id] = receipt
        return found
