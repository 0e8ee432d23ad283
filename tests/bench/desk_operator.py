"""The operator of the desk's bench: asks one question after the other, and how long each took."""

import asyncio
import random
import time
from array import array

from tests.bench.desk_questions import KINDS, ask, questions
from tests.bench.figures import Figures, percentile_ms
from tests.bench.program import Program

QUESTION_SECONDS = 0.1  # from one to the next, unless it takes longer


class Operator:
    """Asks each kind as often as the others."""

    def __init__(self, program: Program, letters: int, chance: random.Random) -> None:
        assert program.admin_port is not None, "headrace has one"
        self._port = program.admin_port
        self._questions = questions(letters, chance)
        self._is_working = False
        self._took = {name: array("q") for kinds in KINDS.values() for name in kinds}

    @property
    def asked(self) -> int:
        return sum(map(len, self._took.values()))

    async def work(self) -> None:
        """Until told to rest; what is asked then is still answered. Raises BenchFailed."""
        self._is_working = True
        while self._is_working:
            begun = time.monotonic()
            await self._ask_one()
            await asyncio.sleep(max(0.0, begun + QUESTION_SECONDS - time.monotonic()))

    async def _ask_one(self) -> None:
        name, path = next(self._questions)
        begun = time.perf_counter_ns()
        await ask(self._port, "GET", path)
        self._took[name].append(time.perf_counter_ns() - begun)

    def rest(self) -> None:
        self._is_working = False

    def figures(self) -> Figures:
        """Of each class p50 and p99, and of each kind p50 and the worst."""
        found: Figures = {}
        for group, kinds in KINDS.items():
            took = array("q", (one for name in kinds for one in self._took[name]))
            found[f"{group}_asked"] = len(took)
            found[f"{group}_p50_ms"] = percentile_ms(took, 0.5)
            found[f"{group}_p99_ms"] = percentile_ms(took, 0.99)
        for name, each in self._took.items():
            found[f"{name}_median_ms"] = percentile_ms(each, 0.5)
            found[f"{name}_worst_ms"] = percentile_ms(each, 1.0)
        return found
