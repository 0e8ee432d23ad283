"""Events for models: published over HTTP until told to stop, each once accepted for sure."""

import asyncio
from collections.abc import Callable

from tests.faults.process import Program
from tests.faults.publisher import accepted, request

MEASURED, PREDICTED = "measured", "predicted"


class Measuring:
    """One publisher; `accepted` are the numbers of the events that were answered 202."""

    def __init__(self, program: Program, data_of: Callable[[int], bytes]) -> None:
        self._program = program
        self._data_of = data_of
        self._is_resting = False
        self.accepted: list[int] = []

    async def work(self, pause_seconds: float, count_max: int = 1 << 30) -> None:
        """One event after the other, `pause_seconds` apart."""
        assert self._program.ingress is not None
        reader, writer = await asyncio.open_connection(*self._program.ingress)
        number = len(self.accepted)
        while not self._is_resting and number < count_max:
            raw = request(f"{number}", MEASURED, self._data_of(number))
            await accepted(reader, writer, raw)
            self.accepted.append(number)
            number += 1
            await asyncio.sleep(pause_seconds)
        writer.close()

    def rest(self) -> None:
        self._is_resting = True
