"""Asking whether a model is there, without an event."""

from collections.abc import Sequence

import orjson

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
            if _is_available(called.body):
                return None
            why, is_unreachable = f"{path} answered that no version is AVAILABLE yet", False
        else:
            why, is_unreachable = f"{path} answered {called.status}", False
    return why, is_unreachable


def _is_available(body: bytes) -> bool:
    """TensorFlow Serving answers 200 while it loads, with a state for each version.

    What says nothing of the kind has said with its status that it is ready. Source: TensorFlow
    Serving RESTful API, model status.
    """
    if b"model_version_status" not in body:
        return True
    try:
        states = orjson.loads(body)["model_version_status"]
        return any(one["state"] == "AVAILABLE" for one in states)
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return False
