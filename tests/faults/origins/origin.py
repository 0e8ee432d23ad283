"""Where things happen while headrace and its servers die: a load, and a ledger of all of it."""

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from broker.event import Event, StoredEvent
from tests.faults.process import Program


class Origin(Protocol):
    """One kind of source from outside, with the real server where the kind has one.

    Things are told apart by labels; a thing that surely happened is in the ledger once, and its
    event must be in the log once. What nobody knows (the server died before it answered) is
    asked of the server again in `expected`, not guessed.
    """

    has_server: bool

    def document(self) -> str:
        """The YAML of a source `default/tested` for broker `default`, and nothing else."""
        ...

    def variables(self) -> dict[str, str]:
        """The environment that the document refers to."""
        ...

    async def work(self, program: Program) -> None:
        """Let things happen, some hundred a second if it can be, until `rest` was called.

        Whatever dies meanwhile, it goes on when that is back.
        """
        ...

    def rest(self) -> None:
        """Ask `work` to come to its end, with nothing left in doubt that it can settle."""
        ...

    async def die(self) -> None:
        """Kill the server, in the middle of all, and start it again with its data."""
        ...

    async def expected(self, stored: Sequence[StoredEvent]) -> Counter[str]:
        """After `work` has ended: how often each label must be in the log.

        `stored` is for origins that happen by themselves (a clock): then it says when it began.
        """
        ...

    def label_of(self, event: Event) -> str: ...
