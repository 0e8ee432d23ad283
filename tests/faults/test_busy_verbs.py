"""Every verb of the admin interface works under load, and publishers hardly notice."""

import asyncio
from pathlib import Path
from statistics import median

import pytest

from tests.faults.busy_operator import Operator
from tests.faults.cores import divided_cores
from tests.faults.flood import OTHER, WANTED, Plan, Report, flood
from tests.faults.ledger import Ledger
from tests.faults.process import ROOT, Program
from tests.faults.publisher import REFUND, accepted, request
from tests.faults.subscribers import OK, REFUSED, Subscriber
from tests.faults.world import IS_LONG, resource, write_configuration

pytestmark = pytest.mark.alone

EVENTS_PER_SECOND_MAX = 5_000.0
SHARE = 0.6  # of what it can take here and now, where that is less
CONNECTIONS = 150
ROUNDS = 9 if IS_LONG else 2
SECONDS = 5.0 if IS_LONG else 4.0
WINDOW_SECONDS = 0.5
VERBS_PER_SECOND = 10.0
ROUNDS_MAX = 3 * ROUNDS  # where a noisy disk has hidden what the first ones say
DEAD = 3 + 4 * ROUNDS_MAX
P99_MAX_RATIO = 2.0
IRIS = (ROOT / "deploy" / "examples" / "iris.onnx").as_uri()
MODEL_TRIGGER = {
    "filters": [{"exact": {"type": "flower"}}],
    "subscriber": {"ref": {"kind": "InferenceSink", "name": "iris"}},
}
FILE_TRIGGER = {
    "filters": [{"prefix": {"type": "dev.headrace.folder."}}],
    "subscriber": {"ref": {"kind": "FileBatch", "name": "rows"}},
}
# One call a minute: the job is at work as long as the test is.
FILE_BATCH = {"sink": "flat", "root": "drop", "call": {"rate": "1/m", "batchSize": 1}}
ROWS = 1_000
# They change who may ask, and so what the others are answered.
ELSEWHERE = {("POST", "/api/v1/tokens"), ("POST", "/api/v1/tokens/{name}/revoke")}


class Bench:
    """The program with four triggers and a source: `main` is loaded, the others are steered."""

    def __init__(self, folder: Path) -> None:
        (folder / "drop").mkdir()
        self.program = Program(folder)
        ledger = Ledger()
        self.good = Subscriber("good", ledger, lambda _: OK)
        self.bad = Subscriber("bad", ledger, lambda _: REFUSED)
        self.operator = Operator(
            self.program, 1 / VERBS_PER_SECOND, lambda: self.write(True), lambda: self.write(False)
        )
        self._phases = 0

    def write(self, has_leaving: bool) -> None:
        wanted = {
            "main": (WANTED, self.good),
            "side": (OTHER, self.good),
            "bad": (REFUND, self.bad),
        }
        if has_leaving:
            wanted["leaving"] = (OTHER, self.good)
        hooks = {"template": {"type": "com.example.hook"}}
        documents = [
            resource("Broker", "default", {}),
            resource("WebhookSource", "hooks", hooks),
            resource("InferenceSink", "iris", self._model()),
            resource("Trigger", "flowers", MODEL_TRIGGER),
            resource("FolderSource", "drop", {"path": "drop", "settle": "PT0.1S"}),
            resource("InferenceSink", "flat", {"protocol": "onnx", "url": IRIS}),
            resource("FileBatch", "rows", FILE_BATCH),
            resource("Trigger", "files", FILE_TRIGGER),
        ]
        for name, (type_, sink) in wanted.items():
            filters = [{"exact": {"type": type_}}]
            spec = {"filters": filters, "subscriber": {"uri": sink.uri}}
            documents.append(resource("Trigger", name, spec))
        write_configuration(self.program.configuration, documents)

    def _model(self) -> dict[str, object]:
        variants = [{"name": "stable", "weight": 9}, {"name": "canary", "weight": 1}]
        spec = {"protocol": "v1", "model": "iris", "reply": {"type": "classified"}}
        return {**spec, "url": self.good.uri, "variants": variants}

    async def put_file(self) -> None:
        """A job to steer."""
        folder = self.program.folder / "drop"
        (folder / "rows.csv").write_text("x\n" + "1\n" * ROWS)
        while b'"running"' not in (await self.program.get("/api/v1/files"))[1]:
            await asyncio.sleep(0.05)

    async def publish_dead(self) -> None:
        assert self.program.ingress is not None
        reader, writer = await asyncio.open_connection(*self.program.ingress)
        for number in range(DEAD):
            await accepted(reader, writer, request(f"dead-{number}", REFUND))
        writer.close()
        while (await self.program.triggers())["bad"]["dead"] < DEAD:
            await asyncio.sleep(0.01)

    async def publish(self, seconds: float, per_second: float) -> Report:
        assert self.program.ingress is not None
        self._phases += 1
        connections = CONNECTIONS if per_second else 32
        plan = Plan(
            f"p{self._phases}", self.program.ingress[1], 1, connections, seconds, per_second
        )
        return await flood(plan, self.program.folder)

    async def publish_while_steered(self, per_second: float, round: str) -> Report:
        """Verbs all the time, and each at least once."""
        publishing = asyncio.create_task(self.publish(SECONDS, per_second))
        part = 0
        while not publishing.done() or not part:
            await self.operator.turn_every_valve(f"{round}-{part}")
            part += 1
        return await publishing

    def close(self) -> None:
        self.program.close()
        self.good.close()
        self.bad.close()


async def test_every_verb_works_under_load_and_publishers_hardly_notice(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    await bench.good.listen()
    await bench.bad.listen()
    bench.write(has_leaving=True)
    quiet, busy = list[Report](), list[Report]()
    try:
        with divided_cores() as alone:
            await bench.program.start(alone)
            await bench.publish_dead()
            await bench.put_file()
            capacity = (await bench.publish(1.5, 0.0)).per_second()
            rate = min(EVENTS_PER_SECOND_MAX, SHARE * capacity)
            print(f"{capacity:.0f} events/s are possible here; publishing {rate:.0f}")
            while len(busy) < ROUNDS or (are_slowed(quiet, busy) and len(busy) < ROUNDS_MAX):
                quiet.append(await bench.publish(SECONDS, rate))
                busy.append(await bench.publish_while_steered(rate, str(len(busy))))
        described = await bench.operator.ask("GET", "/api/openapi.json")
        assert await bench.program.terminate() == 0, bench.program.last_words()
        verified, told = bench.program.verify()
    finally:
        bench.close()

    missed = bench.operator.missed(described["paths"]) - ELSEWHERE
    assert not missed, f"not tried under load: {sorted(missed)}; remedy: ask it in busy_operator"
    assert all(report.statuses.keys() == {"202"} for report in (*quiet, *busy))
    before_ms, while_ms = 1000 * p99_seconds(quiet), 1000 * p99_seconds(busy)
    verbs = len(bench.operator.asked)
    print(f"p99 {before_ms:.1f} ms, while {verbs} verbs are called {while_ms:.1f} ms")
    assert not are_slowed(quiet, busy)
    assert verified == 0, told


def are_slowed(quiet: list[Report], busy: list[Report]) -> bool:
    return p99_seconds(busy) >= P99_MAX_RATIO * p99_seconds(quiet)


def p99_seconds(reports: list[Report]) -> float:
    """The usual p99 of half a second: what else the machine does troubles only some of them."""
    return median(p99 for report in reports for p99 in report.p99_seconds(WINDOW_SECONDS))
