"""Named points where a test may end the process, between every two steps of the walk.

Armed once at start by deploy (from HEADRACE_FAILPOINT) and by fault tests, never by a
request; unarmed, `reach` is one dictionary test. The only module-level state of the house:
handing a failpoint object through every constructor would put test plumbing in each.
"""

import os

POINTS: dict[str, str] = {
    "accept.before-commit": "events are in the open transaction",
    "accept.after-commit": "events are on disk, nobody is answered",
    "accept.after-answer": "the publisher has its 202",
    "route.after": "matched deliveries are in their lanes",
    "deliver.before": "taken from its lane, not sent",
    "deliver.after": "the sink has answered, nothing is decided",
    "settle.before": "decided, the checkpoint is not written",
    "checkpoint.before-commit": "the checkpoint is in the open transaction",
    "checkpoint.after-commit": "the checkpoint is on disk, nobody knows",
    "dead-letter.write": "the dead letter is in the open transaction",
    "redrive.published": "a redrive has stored events at a broker, its own has not been told",
    "migrate.step": "between two migration steps",
    "prune.before-commit": "a slice of the log is deleted in the open transaction",
    "wal-checkpoint.before": "before SQLite moves the WAL into the file",
    "open.after-epoch": "the new owner epoch is written",
}

armed: dict[str, int] = {}  # read by the hottest paths, before they even call `reach`


def arm(name: str, hits: int = 1) -> None:
    """End the process at the `hits`-th time that point `name` is reached."""
    if name not in POINTS:
        raise ValueError(f"no failpoint {name!r}; there are {', '.join(POINTS)}")
    armed[name] = hits


def reach(name: str) -> None:
    """End the process with 137, as kill -9 would, if `name` is armed and it is its turn."""
    if armed and name in armed:
        armed[name] -= 1
        if armed[name] <= 0:
            os._exit(137)
