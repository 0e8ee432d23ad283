"""Three times as much as it can take: it goes on at its pace, and says so to the rest."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from tests.faults.cores import Share, divided_cores
from tests.faults.flood import WANTED, Plan, Report, flood, id_of
from tests.faults.ledger import Ledger
from tests.faults.process import Program, Surroundings, until
from tests.faults.subscribers import OK, Subscriber
from tests.faults.world import IS_LONG, resource, write_configuration

pytestmark = pytest.mark.alone

EVENTS = 20  # a request: so that its load costs the publishers less than the broker
CLOSED_CONNECTIONS = 90  # fewer than may wait for a commit: none is refused
OPEN_CONNECTIONS = 1_000
ROUNDS = 11 if IS_LONG else 5
ROUNDS_MAX = 3 * ROUNDS
PEAK_SECONDS = 1.0
OVERLOAD_SECONDS = 6.0 if IS_LONG else 1.5
TIMES = 3.0
GOODPUT_MIN_RATIO = 0.9
ANSWER_SECONDS_MAX = 2.0
GROWTH_BYTES_MAX = 64 << 20
RECOVERY_SECONDS_MAX = 3.0
SAMPLE_SECONDS = 0.1
OVERLOADED = {"429", "503"}


class Overload:
    """The program on its core, loaded by turns with what it can take and with three times that.

    Rates are of a whole core: what others of this machine took of it is reckoned out.
    """

    def __init__(self, folder: Path) -> None:
        self.program = Program(folder)
        self.ledger = Ledger()
        self.sink = Subscriber("sink", self.ledger, lambda _: OK)
        self.reports: dict[str, Report] = {}

    async def open(self) -> None:
        await self.sink.listen()
        filters = [{"exact": {"type": WANTED}}]
        trigger = {"filters": filters, "subscriber": {"uri": self.sink.uri}}
        documents = [resource("Broker", "default", {}), resource("Trigger", "sink", trigger)]
        write_configuration(self.program.configuration, documents)

    async def peak(self, name: str) -> float:
        """As much as it takes: a closed loop. Gives requests a second."""
        return await self._load(name, CLOSED_CONNECTIONS, PEAK_SECONDS, 0.0)

    async def overload(self, name: str, per_second: float) -> float:
        return await self._load(name, OPEN_CONNECTIONS, OVERLOAD_SECONDS, per_second)

    async def _load(self, name: str, connections: int, seconds: float, rate: float) -> float:
        assert self.program.ingress is not None
        plan = Plan(name, self.program.ingress[1], EVENTS, connections, seconds, rate)
        share = Share(self.program.pid)
        report = self.reports[name] = await flood(plan, self.program.folder)
        ratio = share.ratio()
        print(f"{name}: {told(report)}, with {ratio:.2f} of a core")
        return report.per_second() / ratio

    def accepted(self) -> set[str]:
        """The id of the first event of each request that was answered 202."""
        return {
            id_of(name, number, 0)
            for name, report in self.reports.items()
            for number in report.accepted
        }

    async def stored(self) -> int:
        """How many events the log holds."""
        status, body = await self.program.get("/api/v1/brokers/default/default")
        assert status == 200
        return int(json.loads(body)["events"])

    async def drained(self) -> float:
        """Wait until all is delivered that shall be; gives how long that took."""
        wanted, finals = self.accepted(), self.ledger.finals("sink")
        return await until(lambda: wanted <= finals.keys(), "all that was accepted is delivered")

    def close(self) -> None:
        self.program.close()
        self.sink.close()


@pytest.fixture
def divided() -> Iterator[Surroundings]:
    with divided_cores() as surroundings:
        yield surroundings


async def test_three_times_the_load_is_taken_as_far_as_it_goes_and_the_rest_refused_soon(
    tmp_path: Path, divided: Surroundings
) -> None:
    tried = Overload(tmp_path)
    await tried.open()
    try:
        await tried.program.start(divided)
        peaks = [await tried.peak("warm"), await tried.peak("peak-0")]
        before_bytes = resident_bytes(tried.program.pid)
        watching = asyncio.create_task(highest_resident_bytes(tried.program.pid))
        rates = list[float]()
        while len(rates) < ROUNDS or is_unclear(peaks[1:], rates):
            number = len(rates) + 1
            rates.append(await tried.overload(f"over-{number}", TIMES * peaks[-1]))
            peaks.append(await tried.peak(f"peak-{number}"))
        watching.cancel()
        growth_bytes = await watching - before_bytes
        drained_seconds = await tried.drained()
        stored = await tried.stored()
        assert await tried.program.terminate() == 0, tried.program.last_words()
        verified, words = tried.program.verify()
    finally:
        tried.close()

    print(f"memory +{growth_bytes >> 20} MiB, all delivered {drained_seconds:.2f} s after")
    assert goodput_ratio(peaks[1:], rates) > GOODPUT_MIN_RATIO
    check_refusals([report for name, report in tried.reports.items() if "over" in name])
    assert growth_bytes < GROWTH_BYTES_MAX
    assert drained_seconds < RECOVERY_SECONDS_MAX
    assert verified == 0, words
    assert stored >= EVENTS * len(tried.accepted()), "a request is stored whole"


def goodput_ratio(peaks: list[float], rates: list[float]) -> float:
    """They were taken by turns, so that both had the machine when it was slow and fast."""
    ratio = median(rates) / median(peaks)
    print(f"goodput / peak: {ratio:.2f} after {len(rates)} rounds")
    return ratio


def is_unclear(peaks: list[float], rates: list[float]) -> bool:
    """A machine with other work may need more rounds to show what it is."""
    return len(rates) < ROUNDS_MAX and goodput_ratio(peaks, rates) <= GOODPUT_MIN_RATIO


def check_refusals(reports: list[Report]) -> None:
    for report in reports:
        assert report.statuses.keys() <= {"202", *OVERLOADED}, report.statuses
        assert max(report.slowest_seconds.values()) - report.late_seconds < ANSWER_SECONDS_MAX
        assert (report.unanswered, report.without_retry_after) == (0, 0)
    assert any(OVERLOADED & report.statuses.keys() for report in reports)


def told(report: Report) -> str:
    slowest = {status: round(took, 2) for status, took in report.slowest_seconds.items()}
    rate = report.per_second() * EVENTS
    late = f"itself late {report.late_seconds:.2f} s"
    return f"{rate:.0f} events/s accepted, {report.statuses}, slowest {slowest} s, {late}"


def resident_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) << 10 for line in status.splitlines() if "VmRSS" in line)


async def highest_resident_bytes(pid: int) -> int:
    """Look until cancelled, then give the highest that was seen."""
    highest = 0
    try:
        while True:
            highest = max(highest, resident_bytes(pid))
            await asyncio.sleep(SAMPLE_SECONDS)
    except asyncio.CancelledError:
        return highest
