"""`up` in which one event ends the process: in a FileSink, or in a suffix filter.

`python -m` it like the program. The tables of kinds name what dies, so that all else is
the program as it is.
"""

import os
import sys
from collections.abc import Sequence
from typing import Any

from broker.delivery import Delivery, Outcome
from broker.event import Event
from deploy.cli import main
from sinks import kinds
from sinks.file import FileSink
from triggers.filters import build
from triggers.filters.suffix import Suffix

DEADLY_IN_SINK = "deadly-sink"
DEADLY_IN_FILTER = "deadly-filter"
KILLED = 137


class DeadlyFileSink(FileSink):
    async def deliver(self, deliveries: Sequence[Delivery], deadline: float) -> Sequence[Outcome]:
        if any(delivery.event.id == DEADLY_IN_SINK for delivery in deliveries):
            os._exit(KILLED)
        return await super().deliver(deliveries, deadline)


class DeadlySuffix(Suffix):
    exact_keys = False  # or the index would not ask

    def matches(self, event: Event) -> bool:
        if event.id == DEADLY_IN_FILTER:
            os._exit(KILLED)
        return super().matches(event)


if __name__ == "__main__":
    leaves: Any = build._LEAVES
    leaves["suffix"] = DeadlySuffix
    kinds.KINDS["file"] = f"{__spec__.name}:DeadlyFileSink"
    main(["up", *sys.argv[1:]])
