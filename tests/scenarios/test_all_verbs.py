"""All verbs of an operator at random, two at once too, with crashes: nothing lost or counted twice.

On the memory engine with time of its own; on SQLite the same life, shorter, in real time.
"""

import asyncio
from asyncio import AbstractEventLoop
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from broker.clock import SteadyClock
from broker.storage.sqlite.engine import SqliteEngine
from deploy.verification import verify_folder
from tests.scenarios.house import House, JumpingLoop
from tests.scenarios.steersman import Act, Steersman, Verb

VERBS: tuple[Verb, ...] = (
    "publish", "publish", "publish", "apply", "remove", "end", "pause", "resume", "seek", "seek",
    "redrive", "redrive", "plan", "plan", "discard", "restore", "replay", "replay", "cancel",
    "prune", "sleep", "sleep", "crash",
)  # fmt: skip
ACTS = st.lists(
    st.builds(
        Act,
        st.sampled_from(VERBS),
        st.integers(0, 47),
        st.sampled_from([None, None, 0.0, 0.001, 0.024, 0.03, 0.3, 5.0]),
    ),
    max_size=30,
)


class DiskHouse(House):
    """The same broker on SQLite, dying without a clean end."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.clock = SteadyClock()  # type: ignore[assignment]
        self.engine = SqliteEngine(path, self.clock)  # type: ignore[assignment]

    async def crash(self) -> None:
        await self.end()
        assert isinstance(self.engine, SqliteEngine)
        await self.engine.abandon()
        self.engine = SqliteEngine(self.path, self.clock)


def run(steersman: Steersman, acts: list[Act], loop: Callable[[], AbstractEventLoop]) -> None:
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(steersman.live(acts))


@settings(max_examples=100)
@given(acts=ACTS)
def test_whatever_operators_do_at_once_nothing_is_lost_or_counted_twice(acts: list[Act]) -> None:
    steersman = Steersman()

    run(steersman, acts, JumpingLoop)

    assert steersman.defects == []
    assert steersman.found == []


@settings(max_examples=6)
@given(acts=ACTS)
def test_on_disk_too_nothing_is_lost_or_counted_twice(acts: list[Act]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "default" / "default.db"
        path.parent.mkdir()
        steersman = Steersman(DiskHouse(path), pace=0.01)

        run(steersman, acts, asyncio.SelectorEventLoop)

        (verdict,) = verify_folder(Path(folder))
        assert steersman.defects == []
        assert verdict.mistakes == ()
