"""Follow what goes on: a redrive until nothing comes of it any more, a discard to its end."""

import time
from collections.abc import Callable
from typing import Protocol

from deploy.cli.client import Item, in_path
from deploy.cli.progress import Progress

LOOK_SECONDS = 0.25
PATIENCE_SECONDS = 60.0  # without any change: its trigger is paused, or its sink is away


class Desk(Protocol):
    """The admin listener, as far as this asks it."""

    def get(self, path: str) -> Item: ...


def follow(
    client: Desk,
    job: Item,
    progress: Progress,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Item:
    """The job when there is nothing more to see. Leaving here does not end it."""
    settled, changed_at = settled_of(job), clock()
    progress.advance(settled)
    while job["ended_at"] is None and job["state"] != "paused":
        if clock() - changed_at >= PATIENCE_SECONDS:
            break
        sleep(LOOK_SECONDS)
        job = client.get(f"/redrive-jobs/{in_path(job['id'])}")
        if (now := settled_of(job)) != settled:
            progress.advance(now - settled)
            settled, changed_at = now, clock()
    return job


def go_through(
    client: Desk, plan: Item, verb: str, sleep: Callable[[float], None] = time.sleep
) -> Item:
    """The plan once it is carried out: of many that goes on after the act has given back."""
    with Progress(plan["count"], verb) as progress:
        passed = 0
        while True:
            progress.advance(plan["passed"] - passed)
            if plan["is_over"]:
                return plan
            passed = plan["passed"]
            sleep(LOOK_SECONDS)
            plan = client.get(f"/dead-letters/plans/{in_path(plan['id'])}")


def settled_of(job: Item) -> int:
    """How many need nothing more."""
    tally = job["tally"]
    return int(tally["started"] - tally["waiting"] + tally["refused"])
