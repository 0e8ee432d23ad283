"""SIGHUP to a real process: old events keep the old filter, a mended URL gets what is parked,
a pause stays, and no broken file ends what runs."""

import asyncio
import json
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.request import Request as Asking
from urllib.request import urlopen

import pytest

from broker.clock import SteadyClock
from broker.http_message import Answer, Request, Respond
from broker.http_server import HttpServer
from tests.deploy.living import BROKER, Subscriber
from tests.faults.process import Program, until

TRIGGER = """---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: orders}
spec:
  subscriber: {uri: "URI"}
  filters: [{exact: {type: FILTER}}]
  delivery: {backoffDelay: PT5M, backoffMax: PT1H, timeout: PT10M}
"""
EVENTS = 10_000
BATCH = 1_000


class Waiting(Subscriber):
    """Lets nobody go before it is told to; keeps the types it has seen."""

    def __init__(self) -> None:
        super().__init__()
        self.types: Counter[str] = Counter()
        self.is_open = False
        self._held: list[Respond] = []

    def receive(self, request: Request, respond: Respond) -> None:
        self.seen.append((request.header(b"ce-id") or b"").decode())
        self.types[(request.header(b"ce-type") or b"").decode()] += 1
        if self.is_open:
            respond(Answer(204))
        else:
            self._held.append(respond)

    def open(self) -> None:
        self.is_open = True
        while self._held:
            self._held.pop()(Answer(204))


class Reloadable:
    """A program, its file and a subscriber."""

    def __init__(self, folder: Path) -> None:
        self.program = Program(folder)
        self.subscriber = Waiting()
        self.server = HttpServer({"/": self.subscriber}, SteadyClock())
        self.uri = ""
        self._published = 0

    def write(self, *triggers: str, broker: str = BROKER) -> None:
        self.program.configuration.write_text(broker + "".join(triggers))

    def trigger(self, type: str = "old", uri: str | None = None) -> str:
        return TRIGGER.replace("URI", uri or self.uri).replace("FILTER", type)

    async def publish(self, type: str, count: int) -> None:
        while count:
            batch = [self._event(type) for _ in range(min(count, BATCH))]
            count -= len(batch)
            status = await self.post(json.dumps(batch).encode())
            assert status == 202, status

    def _event(self, type: str) -> dict[str, str]:
        self._published += 1
        return {"specversion": "1.0", "id": str(self._published), "source": "/s", "type": type}

    async def post(self, body: bytes) -> int:
        assert self.program.ingress is not None
        reader, writer = await asyncio.open_connection(*self.program.ingress)
        head = (
            "POST /default/default HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
            "content-type: application/cloudevents-batch+json\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        answer = await reader.read()
        writer.close()
        return int(answer.split(b" ", 2)[1])

    async def hang_up(self) -> None:
        """SIGHUP, and wait until its reload has come to an end."""
        before = await self.reloads()
        self.program.signal(signal.SIGHUP)
        async with asyncio.timeout(60.0):
            while (now := await self.reloads()) == before:
                await asyncio.sleep(0.02)
        self.came_to = next(result for result in now if now[result] != before[result])

    async def reloads(self) -> dict[str, float]:
        page = (await self.program.get("/metrics"))[1].decode()
        lines = [line for line in page.splitlines() if line.startswith("headrace_reloads_total")]
        return {line.split('"')[1]: float(line.split()[-1]) for line in lines}

    async def verb(self, path: str, **body: str) -> None:
        assert self.program.admin is not None
        url = "http://{}:{}/api/v1{}".format(*self.program.admin, path)
        asking = Asking(url, json.dumps(body).encode(), {"content-type": "application/json"})
        with await asyncio.to_thread(urlopen, asking, timeout=30) as answer:
            assert answer.status == 200

    async def shown(self) -> dict[str, Any]:
        """The trigger, as the listing has it."""
        return (await self.program.triggers())["orders"]

    async def until_shown(self, reached: Callable[[dict[str, Any]], bool]) -> None:
        async with asyncio.timeout(60.0):
            while not reached(await self.shown()):
                await asyncio.sleep(0.05)


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[Reloadable]:
    made = Reloadable(tmp_path)
    host, port = await made.server.start("127.0.0.1", 0)
    made.uri = f"http://{host}:{port}/"
    made.write(made.trigger())
    await made.program.start()
    yield made
    made.program.close()
    await made.server.drain(1.0)
    made.server.close()


async def test_what_was_stored_before_a_reload_keeps_the_old_filter(one: Reloadable) -> None:
    await one.publish("old", EVENTS // 2)
    await one.publish("new", EVENTS // 2)
    one.write(one.trigger("new"))
    await one.hang_up()
    await one.publish("old", 100)
    await one.publish("new", 100)

    one.subscriber.open()
    await one.until_shown(lambda now: now["matched"] == now["delivered"] == EVENTS // 2 + 100)

    assert one.came_to == "applied"
    assert one.subscriber.types == {"old": EVENTS // 2, "new": 100}
    assert await one.program.terminate() == 0
    code, text = one.program.verify()
    assert code == 0, text


async def test_a_wrong_url_is_mended_by_a_reload_and_what_is_parked_goes_soon(
    one: Reloadable, refused_port: int
) -> None:
    one.subscriber.open()
    one.write(one.trigger(uri=f"http://127.0.0.1:{refused_port}/"))
    await one.hang_up()
    await one.publish("old", 40)
    await one.until_shown(lambda now: now["parked"] >= 20)

    one.write(one.trigger())
    await one.hang_up()
    await one.until_shown(lambda now: now["delivered"] == 40)

    assert sorted(map(int, one.subscriber.seen)) == list(range(1, 41))


async def test_a_pause_by_command_outlives_reloads_and_restarts(one: Reloadable) -> None:
    one.subscriber.open()
    await one.verb("/triggers/default/orders/pause", reason="maintenance")
    one.write(one.trigger("other"))
    await one.hang_up()
    after_reload = await one.shown()
    await one.program.terminate()

    await one.program.start()
    await one.publish("other", 3)
    after_restart = await one.shown()
    await one.verb("/triggers/default/orders/resume")
    await one.until_shown(lambda now: now["delivered"] == 3)

    assert (after_reload["state"], after_restart["state"]) == ("paused", "paused")


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)
)
BROKEN = {
    "truncated": BROKER + TRIGGER[:-40],
    "duplicate key": BROKER + TRIGGER + "  paused: true\n  paused: false\n",
    "unknown field": BROKER + TRIGGER + "  nonsense: 1\n",
    "alias bomb": BROKER + "---\n" + BOMB,
    "fifty megabytes": BROKER + "---\n" + BOMB + "z: " + "x" * 50_000_000 + "\n",
    "no text": "\x00\x01",
}


async def test_no_broken_file_ends_what_runs(one: Reloadable) -> None:
    one.subscriber.open()
    for text in BROKEN.values():
        one.program.configuration.write_text(text.replace("URI", one.uri))
        await one.hang_up()
        assert one.came_to == "refused"

    await one.publish("old", 10)
    await until(lambda: len(one.subscriber.seen) == 10, "the old configuration delivers")

    refusals = one.program.log.read_text().count("configuration.refused")
    assert refusals == len(BROKEN)
    assert f"{one.program.configuration}:" in one.program.log.read_text()


async def test_a_file_that_is_gone_and_comes_back_is_like_nothing(one: Reloadable) -> None:
    text = one.program.configuration.read_text()
    one.program.configuration.unlink()
    await one.hang_up()
    gone = one.came_to
    one.program.configuration.write_text(text)

    await one.hang_up()

    assert (gone, one.came_to) == ("refused", "applied")
