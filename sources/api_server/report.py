"""How the watches of one source stand, put together for whoever looks."""

from collections import Counter
from typing import Any

from broker.errors import Denied, HeadraceError
from sources.standing import Standing

_SHOWN_MAX = 3
_NOTICED_FAILURES = 4  # in a row; fewer are a connection that was cut


class Report:
    """Each watch tells under its own name, such as `pods in shop`."""

    def __init__(self, standing: Standing, url: str) -> None:
        self._standing = standing
        self._url = url
        self._names: set[str] = set()
        self._watching: set[str] = set()
        self._failing: dict[str, HeadraceError] = {}
        self._failures: Counter[str] = Counter()
        self._awaited: dict[str, str] = {}
        self._lags: dict[str, int] = {}
        self._positions: dict[str, str] = {}

    def begin(self, name: str) -> None:
        self._names.add(name)

    def end(self, name: str) -> None:
        """It is watched no more, and no trouble of it counts."""
        self._names.discard(name)
        self._watching.discard(name)
        held: tuple[dict[str, Any], ...] = (
            self._failing,
            self._failures,
            self._awaited,
            self._lags,
            self._positions,
        )
        for kept in held:
            kept.pop(name, None)
        self._show_lag()

    def answered(self) -> None:
        """The server is there, whatever it has."""
        self._standing.connect(self._detail())

    def await_kind(self, name: str, what: str) -> None:
        """The server answers, and has no such kind for now: told once."""
        if name not in self._awaited:
            self._standing.notice(what)
        self._awaited[name] = what
        self.answered()

    def established(self, name: str) -> None:
        """The server agreed to the watch."""
        self._failing.pop(name, None)
        if self._failures.pop(name, 0) >= _NOTICED_FAILURES:
            self._standing.notice(f"{name}: it is watched again")
        self._awaited.pop(name, None)
        self._watching.add(name)
        self.lag(name, 0)
        self.answered()

    def fail(self, name: str, error: HeadraceError) -> None:
        """One watch fails; raises `error` where all do. So a kind that is denied, or whose
        server is away, holds up no other: it is noticed, and tried again by itself.
        """
        self._watching.discard(name)
        self._failing[name] = error
        if self._failing.keys() >= self._names:
            raise error
        self._failures[name] += 1
        if self._failures[name] == _NOTICED_FAILURES or (
            self._failures[name] == 1 and isinstance(error, Denied)
        ):
            self._standing.notice(str(error))
        self._standing.detail = self._detail()

    def lag(self, name: str, count: int) -> None:
        """So many objects are still to be listed."""
        self._lags[name] = count
        self._show_lag()

    def arrive(self, name: str, version: str, objects: int) -> None:
        self._positions[name] = f"{name}: {objects} objects at {version}"
        shown = list(self._positions.values())[:_SHOWN_MAX]
        more = len(self._positions) - len(shown)
        self._standing.position = "; ".join([*shown, *([f"and {more} more"] if more else [])])

    def notice(self, what: str) -> None:
        self._standing.notice(what)

    def _show_lag(self) -> None:
        self._standing.lag = sum(self._lags.values())

    def _detail(self) -> str:
        parts = [f"{self._url}, watching {len(self._watching)} of {len(self._names)}"]
        failing = sorted(self._failing)
        parts += [f"{name}: {self._failing[name].what}" for name in failing[:_SHOWN_MAX]]
        parts += sorted(self._awaited.values())[:_SHOWN_MAX]
        return "; ".join(parts)
