"""What the plans of a partition are made from and kept in."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from broker.clock import Clock
from broker.errors import Invalid, StoreFailed
from broker.storage.engine import Engine
from triggers.checkpointer import Checkpointer
from triggers.lane import Lane
from triggers.ledger import Ledger
from triggers.redrive.aim import OWN, OWN_BROKER, Aim, check_aim, found_name, is_url
from triggers.redrive.aim_facts import SinkFacts
from triggers.redrive.desk import WRITE_SECONDS_MAX
from triggers.redrive.reach import Reach


@dataclass(frozen=True, slots=True)
class PlanMeans:
    """What plans are made from. `expiring_before`: who died before is forgotten within a day."""

    broker: str
    engine: Engine
    ledger: Ledger
    checkpointer: Checkpointer
    lanes: Mapping[str, Lane]
    clock: Clock
    random: Callable[[], float]
    expiring_before: Callable[[], datetime | None]
    reach: Reach | None = None

    async def whole(self, aim: Aim) -> Aim:
        """The same with whole names. Raises Invalid where there is no such sink, URL or broker."""
        check_aim(aim)
        if aim == OWN:
            return aim
        if self.reach is None:
            raise Invalid("nothing else can be reached here", code="no-sink", where="to_sink")
        namespace = self.broker.partition("/")[0]
        if aim.sink is not None and is_url(aim.sink):
            await self.reach.try_url(aim.sink, self.broker)
            return aim
        if aim.sink is not None:
            return Aim(sink=found_name("sink", aim.sink, namespace, self.reach.sinks()))
        assert aim.broker is not None, "one of the two is said"
        if aim.broker == OWN_BROKER:
            return Aim(broker=self.broker)
        return Aim(broker=found_name("broker", aim.broker, namespace, self.reach.brokers()))

    def facts_of(self, aim: Aim, triggers: Sequence[str]) -> SinkFacts | None:
        """How the other sink is, if it is one."""
        if aim.sink is None or self.reach is None:
            return None
        return self.reach.facts_of(aim.sink, triggers)

    async def flush(self) -> None:
        """Gives back when all that is in the ledger is on disk. Raises StoreFailed."""
        try:
            async with asyncio.timeout(WRITE_SECONDS_MAX):
                await self.checkpointer.flush()
        except TimeoutError as error:
            raise StoreFailed("the store has not said that it wrote", unknown=True) from error
