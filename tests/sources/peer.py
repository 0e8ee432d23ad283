"""What each kind of source brings to the contract suite: its outside, as a test drives it."""

from collections.abc import Sequence
from typing import Protocol

from broker.event import Event
from sources.source import Source, SourceSupplies
from sources.spec import SourceSpec


class Peer(Protocol):
    """One outside, real wherever that is possible, and a source that is configured for it.

    `is_ordered`: the origin has one order, and events must have it. `can_be_lost`: it is
    elsewhere, so `lose` and `refuse` mean something; the others raise no error there.
    """

    spec: SourceSpec
    is_ordered: bool
    can_be_lost: bool

    def make(self, supplies: SourceSupplies) -> Source:
        """A new source object with the same settings, as after a restart."""
        ...

    async def happen(self, count: int) -> Sequence[str]:
        """Let `count` things happen outside; gives what `label_of` will give for each event.

        With those of earlier calls they are all different.
        """
        ...

    def label_of(self, event: Event) -> str: ...

    async def lose(self) -> None:
        """The outside goes away, in the middle of whatever is under way."""
        ...

    async def find(self) -> None:
        """It comes back, with all that it had."""
        ...

    async def refuse(self) -> None:
        """It answers, and refuses the source: a wrong password, a right that was taken."""
        ...

    async def close(self) -> None: ...
