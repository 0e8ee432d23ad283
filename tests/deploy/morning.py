"""One morning after a wrong URL was put into the YAML, done with nothing but `headrace …`.

The steps are those of README's "On the worst morning". The real program runs in a process of its
own, and so does each command; what each said is kept under the name of its step.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from broker.clock import SteadyClock
from broker.http_message import Answer, BodyPlan, Request, Respond
from broker.http_server import HttpServer
from tests.faults.process import ROOT, Program

STEP_SECONDS_MAX = 60.0
LOOK_SECONDS = 0.1
TAKEN, UNKNOWN = Answer(204), Answer(404, [], b"no such path: /ordrs")
BROKER = """\
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: {name: default}
"""
TRIGGER = """\
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: NAME}
spec:
  broker: default
  filters: [{prefix: {type: "PREFIX"}}]
  subscriber: {uri: "URI"}
  delivery: {retry: 1, backoffDelay: PT0.05S, timeout: PT10S}
"""
ORDER, NOTE = "com.example.order.placed", "com.example.note.written"
BEFORE, NOTES, AFTER = 20, 10, 30  # orders before the mistake, notes, orders after it


class Shop:
    """Two sinks at one port: what each path took, and what came to a path that is none.

    All by the event's id; `types` has the types of those ids.
    """

    def __init__(self) -> None:
        self.taken: dict[str, Counter[str]] = {"/orders": Counter(), "/archive": Counter()}
        self.strayed: Counter[str] = Counter()
        self.types: dict[str, str] = {}

    def head(self, request: Request) -> Answer | BodyPlan:
        return BodyPlan(1 << 16)

    def receive(self, request: Request, respond: Respond) -> None:
        event = (request.header(b"ce-id") or b"").decode()
        self.types[event] = (request.header(b"ce-type") or b"").decode()
        taken = self.taken.get(request.target.decode())
        if taken is None:
            self.strayed[event] += 1
            respond(UNKNOWN)
        else:
            taken[event] += 1
            respond(TAKEN)


@dataclass
class Said:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Morning:
    """Someone at a terminal; `said` has what came of each step."""

    program: Program
    shop: Shop
    port: int
    said: dict[str, Said] = field(default_factory=dict)
    before_redrive: Counter[str] = field(default_factory=Counter)
    after_redrive: Counter[str] = field(default_factory=Counter)

    async def do(self, step: str, *words: str) -> Said:
        """Type `headrace` and these words."""
        command = [sys.executable, "-m", "deploy", *words]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        if self.program.admin is not None:
            environment["HEADRACE_ADMIN"] = "http://{}:{}".format(*self.program.admin)
        ran = await asyncio.to_thread(
            subprocess.run,
            command,
            cwd=self.program.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=STEP_SECONDS_MAX,
        )
        self.said[step] = said = Said(ran.returncode, ran.stdout, ran.stderr)
        return said

    async def send(self, type: str, count: int) -> None:
        assert self.program.ingress is not None
        ingress = "http://{}:{}/default/default".format(*self.program.ingress)
        words = ("--type", type, "--source", "/shop", "--count", str(count), "--field", "total=42")
        sent = await self.do(f"send {type}", "send", *words, "--to", ingress)
        assert sent.code == 0, sent.err

    def write(self, orders_path: str) -> None:
        """The YAML, with the URL of `orders` ending in this path."""
        url = f"http://127.0.0.1:{self.port}"
        orders = TRIGGER.replace("NAME", "orders").replace("PREFIX", "com.example.order.")
        archive = TRIGGER.replace("NAME", "archive").replace("PREFIX", "com.example.")
        self.program.configuration.write_text(
            BROKER
            + orders.replace("URI", f"{url}{orders_path}")
            + archive.replace("URI", f"{url}/archive")
        )

    async def until(self, reached: Callable[[dict[str, Any]], bool]) -> None:
        """Look at the triggers, by name, until it is so."""
        async with asyncio.timeout(STEP_SECONDS_MAX):
            while not reached(await self.program.triggers()):
                await asyncio.sleep(LOOK_SECONDS)


@asynccontextmanager
async def beginning(folder: Path) -> AsyncIterator[Morning]:
    """A program that delivers orders to a shop, and everything to its archive."""
    shop = Shop()
    server = HttpServer({"/": shop}, SteadyClock())
    _, port = await server.start("127.0.0.1", 0)
    morning = Morning(Program(folder), shop, port)
    morning.write("/orders")
    try:
        await morning.program.start()
        yield morning
    finally:
        morning.program.close()
        await server.drain(1.0)
        server.close()


async def live(folder: Path) -> Morning:
    """The evening, and the morning after it."""
    async with beginning(folder) as morning:
        for part in (evening, look, mend, replay, end):
            await part(morning)
    return morning


async def evening(morning: Morning) -> None:
    """All is well until somebody mistypes a URL; the orders after it die."""
    await morning.send(ORDER, BEFORE)
    await morning.send(NOTE, NOTES)
    await morning.until(lambda now: now["orders"]["delivered"] == BEFORE)
    morning.write("/ordrs")
    await morning.do("the mistake", "reload")
    await morning.send(ORDER, AFTER)
    await morning.until(lambda now: now["orders"]["dead"] == AFTER)
    await morning.until(lambda now: now["archive"]["delivered"] == BEFORE + NOTES + AFTER)


async def look(morning: Morning) -> None:
    """Which trigger it is, what its sink says, and the story of one order."""
    await morning.do("triggers", "triggers")
    await morning.do("the trigger", "triggers", "show", "orders")
    await morning.do("groups", "dead-letters")
    listed = await morning.do(
        "list", "dead-letters", "list", "--where", "reason = 'attempts' AND dead_at > ago('PT12H')",
        "-o", "json",
    )  # fmt: skip
    letter = listed.json[0]
    await morning.do("letter", "dead-letters", "show", letter["id"])
    await morning.do("letter why", "dead-letters", "why", letter["id"])
    await morning.do("event why", "events", "why", letter["event"]["id"])


async def mend(morning: Morning) -> None:
    """The URL, by a reload; then its dead letters go to where they belong."""
    morning.before_redrive = Counter(morning.shop.taken["/orders"])
    where = ("--where", "trigger = 'orders' AND status = 404")
    morning.write("/orders")
    await morning.do("diff", "diff", str(morning.program.configuration))
    await morning.do("reload", "reload")
    await morning.do("dry run", "dead-letters", "redrive", *where, "--dry-run")
    await morning.do("unasked", "dead-letters", "redrive", *where)
    await morning.do(
        "redrive", "dead-letters", "redrive", *where, "--rate", "500", "--yes",
        "--reason", "the URL is mended",
    )  # fmt: skip
    morning.after_redrive = Counter(morning.shop.taken["/orders"])


async def replay(morning: Morning) -> None:
    """One hour once more to the second trigger."""
    words = ("--trigger", "archive", "--from", "PT1H", "--rate", "1000")
    await morning.do("replay", "replay", *words, "--reason", "the disk was swapped", "--yes")
    await morning.do("replays", "replay", "list")


async def end(morning: Morning) -> None:
    """What was done is told; then it is stopped, and its folder proved to be whole."""
    for name in ("orders", "archive"):
        await morning.do(f"{name} at the end", "triggers", "show", name, "-o", "json")
    await morning.do("groups at the end", "dead-letters")
    await morning.do("audit", "audit")
    await morning.do("audit data", "audit", "-o", "json")
    code = await morning.program.terminate()
    assert code == 0, morning.program.last_words()
    await morning.do("verify", "verify", "--data", str(morning.program.data))
