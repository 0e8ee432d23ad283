"""On which event loops a test runs."""

import asyncio
from collections.abc import Callable, Mapping

import pytest
import uvloop

from tests.ending_loop import EndingLoop

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def loops_for(item: pytest.Item, on_both: tuple[str, ...]) -> Mapping[str, LoopFactory]:
    """The stock loop; uvloop too for the files `on_both`, which talk to sockets themselves."""
    loops: dict[str, LoopFactory] = {"asyncio": EndingLoop}
    if item.path.name in on_both:
        loops["uvloop"] = uvloop.new_event_loop
    return loops
