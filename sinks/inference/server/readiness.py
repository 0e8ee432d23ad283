"""Asking whether a model is there, without an event."""

from collections.abc import Sequence

from sinks.inference.protocol import ModelAnswer
from sinks.inference.server.caller import Caller

UNREACHABLE = frozenset({"dns", "connect"})


async def why_not_ready(
    caller: Caller, paths: Sequence[str], deadline: float
) -> tuple[str, bool] | None:
    """None: one of `paths` answered 2xx (none given: it can be connected to).

    Else why not, and whether nothing listens there at all.
    """
    why, is_unreachable = "it has no path to ask", False
    for path in paths or ("",):
        called = await caller.get(path, deadline)
        if not isinstance(called, ModelAnswer):
            why, is_unreachable = called.message, called.phase in UNREACHABLE
        elif 200 <= called.status < 300:
            return None
        else:
            why, is_unreachable = f"{path} answered {called.status}", False
    return why, is_unreachable
