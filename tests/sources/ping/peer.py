"""The outside of a PingSource is the clock: slots come when a test moves it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from broker.event import Event
from sources.ping.mark import to_text
from sources.ping.options import PingOptions
from sources.ping.schedule import Cron
from sources.ping.source import PingSource
from sources.source import Source, SourceSupplies
from sources.spec import SourceSpec
from tests.sources.peer import Peer
from tests.sources.ping.set_clock import SetClock

EVERY_SECOND = Cron("* * * * *", tuple(range(60)), UTC, "UTC")


class PingPeer:
    is_ordered = True
    can_be_lost = False

    def __init__(self) -> None:
        self.clock = SetClock()
        options = PingOptions(EVERY_SECOND, b"{}", "application/json", catch_up="all")
        self.spec = SourceSpec("PingSource", "default/ticks", "default/default", options)

    def make(self, supplies: SourceSupplies) -> Source:
        return PingSource(self.spec, replace(supplies, clock=self.clock))

    async def happen(self, count: int) -> Sequence[str]:
        before = self.clock.now()
        self.clock.advance(count)
        return [to_text(before + timedelta(seconds=number)) for number in range(1, count + 1)]

    def label_of(self, event: Event) -> str:
        return event.attributes["time"]

    async def lose(self) -> None:
        """A clock is never away."""

    async def find(self) -> None:
        """It always is there."""

    async def refuse(self) -> None:
        """And refuses nobody."""

    async def close(self) -> None:
        """Nothing is open."""


async def make(_: pytest.FixtureRequest) -> Peer:
    return PingPeer()
