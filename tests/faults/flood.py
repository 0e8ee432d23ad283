"""A crowd of publishers in a process of its own, which keeps its pace whatever it is answered.

python -m tests.faults.flood PLAN FILE  (a `Plan` as JSON); writes a `Report` as JSON to FILE.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from math import inf
from pathlib import Path
from typing import Any, cast

import uvloop

from tests.faults.process import ROOT
from tests.faults.subscribers import header

CONNECTIONS_PER_ADDRESS = 200  # fewer than the ingress takes of one peer
TICK_SECONDS = 0.002
PATIENCE_SECONDS = 10.0
SETTLE_SECONDS = 0.3  # the program has taken all connections: what is measured is requests
NUMBER = b"-00000000-"  # in a template: where the number of the request stands
OTHER, WANTED = "other", "wanted"
FILLING = "x" * 200


@dataclass(frozen=True, slots=True)
class Plan:
    """Requests of `events` each, over so many connections, for a while.

    `requests_per_second` 0 is a closed loop: each connection sends when it is answered. Else
    it is open: they come at their time, and one that finds no connection free is not sent.
    """

    name: str
    port: int
    events: int
    connections: int
    seconds: float
    requests_per_second: float = 0.0


@dataclass(slots=True)
class Report:
    """`accepted` are the numbers of the requests answered 202."""

    accepted: list[int] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    slowest_seconds: dict[str, float] = field(default_factory=dict)
    without_retry_after: int = 0
    unanswered: int = 0
    sent_at: list[float] = field(default_factory=list)  # since its begin, of those accepted
    took: list[float] = field(default_factory=list)  # seconds, in the same order
    unsent_at: list[float] = field(default_factory=list)
    late_seconds: float = 0.0  # the worst that this process itself was late

    def per_second(self) -> float:
        return len(self.accepted) / self.seconds

    def p99_seconds(self, window_seconds: float) -> list[float]:
        """Of each window of so many seconds; what was not sent has waited for ever."""
        windows: dict[int, list[float]] = {}
        unsent = [inf] * len(self.unsent_at)
        for at, took in zip(self.sent_at + self.unsent_at, self.took + unsent, strict=True):
            windows.setdefault(int(at / window_seconds), []).append(took)
        whole = int(self.seconds / window_seconds)
        return [sorted(windows[n])[int(0.99 * len(windows[n]))] for n in range(whole)]


def id_of(name: str, number: int, index: int) -> str:
    return f"{name}-{number:08}-{index}"


def template_of(plan: Plan) -> bytes:
    """One event in binary mode, or a batch; the first of a batch is WANTED."""
    number = 0
    if plan.events == 1:
        return (
            "POST /default/default HTTP/1.1\r\nhost: x\r\nce-specversion: 1.0\r\n"
            f"ce-id: {id_of(plan.name, number, 0)}\r\nce-source: /flood\r\nce-type: {WANTED}\r\n"
            f"content-type: text/plain\r\ncontent-length: {len(FILLING)}\r\n\r\n{FILLING}"
        ).encode()
    body = ",".join(
        f'{{"specversion":"1.0","id":"{id_of(plan.name, number, index)}","source":"/flood",'
        f'"type":"{OTHER if index else WANTED}","data":"{FILLING}"}}'
        for index in range(plan.events)
    )
    return (
        "POST /default/default HTTP/1.1\r\nhost: x\r\n"
        "content-type: application/cloudevents-batch+json\r\n"
        f"content-length: {len(body) + 2}\r\n\r\n[{body}]"
    ).encode()


class Peer(asyncio.Protocol):
    """One connection with at most one request under way."""

    def __init__(self, crowd: "Crowd") -> None:
        self._crowd = crowd
        self._pending = b""
        self.number: int | None = None
        self.sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def send(self, number: int, raw: bytes) -> None:
        self.number, self.sent_at = number, time.monotonic()
        self.transport.write(raw)

    def data_received(self, data: bytes) -> None:
        data = self._pending + data
        end = data.find(b"\r\n\r\n")
        head = data[: end + 2].lower()
        if end < 0 or len(data) < end + 4 + int(header(head, b"content-length") or 0):
            self._pending = data
            return
        self._pending = b""
        if self.number is not None:
            self._crowd.answered(self, int(data[9:12]), header(head, b"retry-after") != b"")

    def connection_lost(self, exc: Exception | None) -> None:
        if self.number is not None:
            self._crowd.report.unanswered += 1


class Crowd:
    """All connections of one plan."""

    def __init__(self, plan: Plan) -> None:
        self.report = Report()
        self._plan = plan
        self._idle: list[Peer] = []
        self._busy: set[Peer] = set()
        self._number = 0
        self._template = template_of(plan)
        self._statuses: Counter[str] = Counter()
        self._is_running = True
        self._began = 0.0

    async def run(self) -> Report:
        plan, report = self._plan, self.report
        await self._connect()
        await asyncio.sleep(SETTLE_SECONDS)
        began = self._began = time.monotonic()
        if plan.requests_per_second:
            await self._pace(began)
        else:
            while self._idle:
                self._send(self._idle.pop())
            await asyncio.sleep(plan.seconds)
        self._is_running = False
        report.seconds = time.monotonic() - began
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._busy and time.monotonic() < deadline:
            await asyncio.sleep(TICK_SECONDS)
        report.unanswered += len(self._busy)
        report.statuses = dict(self._statuses)
        return report

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        for number in range(self._plan.connections):
            local = (f"127.0.1.{1 + number // CONNECTIONS_PER_ADDRESS}", 0)
            _, peer = await loop.create_connection(
                lambda: Peer(self), "127.0.0.1", self._plan.port, local_addr=local
            )
            self._idle.append(peer)

    async def _pace(self, began: float) -> None:
        due = 0
        while (passed := time.monotonic() - began) < self._plan.seconds:
            now_due = int(passed * self._plan.requests_per_second)
            for _ in range(now_due - due):
                if self._idle:
                    self._send(self._idle.pop(0))
                else:
                    self.report.unsent_at.append(passed)
            due = now_due
            slept_at = time.monotonic()
            await asyncio.sleep(TICK_SECONDS)
            late = time.monotonic() - slept_at - TICK_SECONDS
            self.report.late_seconds = max(self.report.late_seconds, late)

    def _send(self, peer: Peer) -> None:
        self._busy.add(peer)
        self._number += 1
        peer.send(self._number, self._template.replace(NUMBER, b"-%08d-" % self._number))

    def answered(self, peer: Peer, status: int, has_retry_after: bool) -> None:
        assert peer.number is not None
        report, took_seconds = self.report, time.monotonic() - peer.sent_at
        name = str(status)
        self._statuses[name] += 1
        report.slowest_seconds[name] = max(took_seconds, report.slowest_seconds.get(name, 0.0))
        if status == 202:
            report.accepted.append(peer.number)
            report.sent_at.append(peer.sent_at - self._began)
            report.took.append(took_seconds)
        elif not has_retry_after:
            report.without_retry_after += 1
        peer.number = None
        self._busy.discard(peer)
        if self._is_running and not self._plan.requests_per_second:
            self._send(peer)
        else:
            self._idle.append(peer)


async def flood(plan: Plan, folder: Path) -> Report:
    """Run `plan` in another process; `folder` is for what it reports."""
    path = folder / f"{plan.name}.json"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, json.dumps(asdict(plan)), str(path), cwd=ROOT
    )
    assert await process.wait() == 0, "the flood has failed"
    told: dict[str, Any] = json.loads(path.read_text())
    return Report(**told)


def main() -> None:
    plan = Plan(**json.loads(sys.argv[1]))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        report = runner.run(Crowd(plan).run())
    Path(sys.argv[2]).write_text(json.dumps(asdict(report)))


if __name__ == "__main__":
    main()
