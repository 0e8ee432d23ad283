"""The imports that were looked at: in memory, for an hour after they were used last.

A restart forgets them. Nothing is lost by that: the file is looked at again, and what was
published of it is known as a repeat.
"""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import replace

from broker.clock import Clock
from broker.errors import Invalid
from deploy.admin.import_plan import ImportPlan

IMPORTS_MAX = 32  # beyond, the one that was used longest ago goes


class Imports:
    """Those of one admin listener; take `one_at_a_time` around finding one and putting it."""

    def __init__(self, clock: Clock, random: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._clock = clock
        self._random = random
        self._plans: dict[str, ImportPlan] = {}  # used longest ago first
        self.one_at_a_time = asyncio.Lock()

    def begin(self, broker: str, by: str) -> ImportPlan:
        """One without lines yet, which is not kept before `put`."""
        now = self._clock.now()
        name = f"import-{now:%y%m%d-%H%M%S}-{self._random(4).hex()}"
        return ImportPlan(name, broker, by, now, now)

    def find(self, id: str) -> ImportPlan:
        """Raises Invalid(code="not-found")."""
        found = self._plans.get(id)
        if found is None or self._clock.now() >= found.valid_until:
            raise Invalid(
                f"no import {id[:64]}: one is kept for an hour, and not over a restart",
                code="not-found",
                remedy="look at the file again; what was published of it is known as a repeat",
            )
        return found

    def put(self, plan: ImportPlan) -> ImportPlan:
        """Keep it as it is now, which counts as a use."""
        used = replace(plan, used_at=self._clock.now())
        self._plans.pop(plan.id, None)
        self._plans[plan.id] = used
        if len(self._plans) > IMPORTS_MAX:
            del self._plans[next(iter(self._plans))]
        return used
