"""A replay in a real process that is killed again and again: none missing, its tally right."""

import asyncio
import json
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

from deploy.cli.client import Admin
from tests.faults.ledger import Ledger
from tests.faults.process import Program, until
from tests.faults.publisher import accepted
from tests.faults.subscribers import OK, REFUSED, Subscriber
from tests.faults.world import draw_seed, resource, write_configuration

EVENTS = 2_000
KILLS = 5
REFUSED_EVERY = 100
RATE = 600.0
# Of one crash: those in flight, and those since the last checkpoint, which a busy disk delays.
REPEATS_MAX = 400


class Receiver(Subscriber):
    """Counts what comes, by the event's id; every hundredth is refused."""

    def __init__(self) -> None:
        super().__init__("t", Ledger(), lambda _: OK)
        self.seen: Counter[int] = Counter()
        self.is_refusing = False

    def receive(self, transport: asyncio.Transport, id: str) -> None:
        number = int(id)
        self.seen[number] += 1
        refuses = self.is_refusing and not number % REFUSED_EVERY
        transport.write(REFUSED if refuses else OK)


async def test_a_replay_that_is_killed_again_and_again_misses_nothing(tmp_path: Path) -> None:
    chance = Random(draw_seed())
    program, receiver = Program(tmp_path), Receiver()
    await receiver.listen()
    trigger = {"broker": "default", "subscriber": {"uri": receiver.uri}}
    write_configuration(
        program.configuration,
        [resource("Broker", "default", {}), resource("Trigger", "t", trigger)],
    )
    try:
        await program.start()
        await publish(program, EVENTS)
        await until(lambda: len(receiver.seen) == EVENTS, "all are delivered once")
        receiver.seen.clear()
        receiver.is_refusing = True
        body = {"trigger": "t", "from": 1, "to": EVENTS, "rate": RATE, "id": "again"}
        await ask(program, "/replays", body)
        for _ in range(KILLS):
            await asyncio.sleep(chance.uniform(0.1, 0.4))
            await program.kill()
            await program.start()
            again = await ask(program, "/replays", body)
            assert again["created"] is False
        job = await ended(program)
        code = await program.terminate()
        verified, told = program.verify()
    finally:
        program.close()
        receiver.close()

    dead = EVENTS // REFUSED_EVERY
    assert job["state"] == "finished", job
    assert (job["matched"], job["delivered"], job["dead"]) == (EVENTS, EVENTS - dead, dead)
    assert len(receiver.seen) == EVENTS
    assert receiver.seen.total() - EVENTS <= KILLS * REPEATS_MAX
    assert (code, verified) == (0, 0), told


async def publish(program: Program, events: int) -> None:
    """One batch after the other, over HTTP."""
    assert program.ingress is not None
    reader, writer = await asyncio.open_connection(*program.ingress)
    for first in range(1, events + 1, 500):
        batch = [
            {"specversion": "1.0", "id": str(number), "source": "/s", "type": "t", "data": number}
            for number in range(first, min(first + 500, events + 1))
        ]
        body = json.dumps(batch).encode()
        head = (
            "POST /default/default HTTP/1.1\r\nhost: x\r\n"
            "content-type: application/cloudevents-batch+json\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        await accepted(reader, writer, head.encode() + body)
    writer.close()


async def ask(program: Program, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    assert program.admin is not None
    admin = Admin("http://{}:{}".format(*program.admin))
    if body is None:
        return await asyncio.to_thread(admin.get, path)
    return await asyncio.to_thread(admin.post, path, body)


async def ended(program: Program) -> dict[str, Any]:
    """The replay once it has ended; the caller's test has a time limit."""
    while True:
        job = await ask(program, "/replays/again")
        if job["ended_at"] is not None:
            return job
        await asyncio.sleep(0.05)
