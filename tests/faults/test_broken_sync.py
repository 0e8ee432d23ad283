"""Bar 4: fsync fails. Nothing that it should have made durable may be answered as stored."""

import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.claims import check_world
from tests.faults.process import FAILED, ROOT, Surroundings
from tests.faults.world import IS_LONG, World, make_world

SOURCE = ROOT / "tests" / "faults" / "broken_sync.c"
PERMILLE = 50
STORM_SECONDS = 20.0 if IS_LONG else 6.0
END_SECONDS_MAX = 60.0


@dataclass(frozen=True, slots=True)
class Shim:
    """The compiled library, and where it reports."""

    library: Path
    report: Path

    def surroundings(self, variables: Mapping[str, object]) -> Surroundings:
        given = {f"BROKEN_SYNC_{name}": str(value) for name, value in variables.items()}
        preload = {"LD_PRELOAD": str(self.library), "BROKEN_SYNC_REPORT": str(self.report)}
        return Surroundings(given | preload)

    def failed_at(self) -> list[float]:
        return self._times("failed")

    def good_from(self) -> list[float]:
        """When each that went well began."""
        return self._times("good")

    def after(self) -> list[float]:
        return self._times("after")

    def _times(self, word: str) -> list[float]:
        lines = self.report.read_text().splitlines() if self.report.exists() else []
        return [float(line.split()[1]) for line in lines if line.startswith(word)]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("a C compiler is needed to make syncs fail")
    made = tmp_path_factory.mktemp("shim") / "broken_sync.so"
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(made), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True)
    return made


@pytest.fixture
def shim(library: Path, tmp_path: Path) -> Shim:
    return Shim(library, tmp_path / "syncs.txt")


@pytest.mark.parametrize("at", [20, 41, 120])
async def test_a_failed_sync_ends_the_program_and_no_answer_relies_on_it(
    tmp_path: Path, shim: Shim, at: int
) -> None:
    async with make_world(tmp_path) as world:
        world.publish()
        world.spawn(shim.surroundings({"AT": at}))
        code = await world.program.end()
        words = world.program.last_words()
        relied = unfounded(world, shim)

        await world.start()
        export = await world.finish()

    lingered = world.program.ends[1][0] - shim.failed_at()[0]
    print(f"ended {lingered:.2f} s after the failure, {dict(world.ledger.statuses())}")
    assert code == FAILED, words
    assert "default.db" in words
    assert not relied, f"202 without a sync that went well: {relied}"
    assert not shim.after(), "a sync after a failed one says nothing about what was lost"
    check_world(world, export)


# The first are of opening the store, the last of writing down its triggers.
@pytest.mark.parametrize("at", [1, 4, 7, 8])
async def test_a_sync_that_fails_while_starting_ends_the_program(
    tmp_path: Path, shim: Shim, at: int
) -> None:
    async with make_world(tmp_path) as world:
        world.spawn(shim.surroundings({"AT": at}))

        code = await world.program.end(END_SECONDS_MAX)

    assert code == FAILED
    assert "default.db" in world.program.last_words()


async def test_nothing_accepted_is_lost_while_one_sync_in_twenty_fails(
    tmp_path: Path, shim: Shim
) -> None:
    async with make_world(tmp_path) as world:
        await world.start()  # while a store is made SQLite takes back what failed, and syncs that
        await world.program.kill()
        world.publish()
        ends_at = time.monotonic() + STORM_SECONDS
        while time.monotonic() < ends_at:
            seed = world.chance.randrange(1 << 31)
            world.spawn(shim.surroundings({"PERMILLE": PERMILLE, "SEED": seed}))
            assert await world.program.end() == FAILED, world.program.last_words()
        await world.start()
        export = await world.finish()

    print(f"{len(shim.failed_at())} syncs failed, {dict(world.ledger.statuses())}")
    assert not shim.after()
    check_world(world, export)


def unfounded(world: World, shim: Shim) -> list[str]:
    """What was answered 202 though no sync that went well began after it had been sent.

    When an answer was read says nothing: one may have left before the failure.
    """
    assert len(shim.failed_at()) == 1
    last_began = max(shim.good_from())
    answers = world.ledger.answers
    return [one for one in world.ledger.accepted if answers[one][0].sent_at > last_began]
