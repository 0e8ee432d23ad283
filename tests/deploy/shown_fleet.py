"""Sources as a test wants them shown; what is done to them is kept."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from broker.errors import Invalid
from deploy.running import Running
from deploy.sources.fleet import Fleet
from deploy.sources.supervisor import Failure
from deploy.sources.view import Pause, SourceView
from sources.source import SourceSupplies

MOMENT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
FAILURE = Failure(MOMENT, "unavailable", "no broker answers at kafka:9092", "see that it runs")


def view(name: str = "default/orders", **fields: Any) -> SourceView:
    """A source that is connected, and has stored 1,204 events."""
    facts: dict[str, Any] = {
        "name": name, "kind": "KafkaSource", "broker": "default/b", "sink": "default/b",
        "state": "connected", "connected": True, "detail": "kafka 4.1", "position": "orders: 0=7",
        "lag": 312, "events": 1204, "duplicates": 2, "refused": 1, "errors": 3,
        "rate_per_second": 20.4567, "last_event_at": MOMENT, "last_error": None, "retry_at": None,
        "pause": None, "spec": {"spec": {"topics": ["orders"]}},
    }  # fmt: skip
    return SourceView(**(facts | fields))


class ShownFleet(Fleet):
    """`acts` are the verbs that were asked for: verb, name, by, reason."""

    def __init__(self, running: Running, *views: SourceView) -> None:
        super().__init__(running, SourceSupplies(running.clock, lambda: 0.5))
        self.acts: list[tuple[str, str, str, str]] = []
        self._views = {one.name: one for one in views}

    def items(self) -> Sequence[SourceView]:
        return [one for _, one in sorted(self._views.items())]

    def get(self, name: str) -> SourceView:
        if name not in self._views:
            raise Invalid(f"there is no source {name}", code="unknown-source")
        return self._views[name]

    async def pause(self, name: str, by: str, reason: str = "") -> bool:
        self.acts.append(("pause", name, by, reason))
        return self._set(name, Pause(MOMENT, by, reason))

    async def resume(self, name: str, by: str, reason: str = "") -> bool:
        self.acts.append(("resume", name, by, reason))
        return self._set(name, None)

    def _set(self, name: str, pause: Pause | None) -> bool:
        before = self.get(name)
        if (before.pause is None) == (pause is None):
            return False
        state = "starting" if pause is None else "paused"
        self._views[name] = replace(before, pause=pause, state=state, connected=False)
        return True
