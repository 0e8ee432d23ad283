"""One process: it starts whole, drains in order, and ends itself when it must."""

import asyncio
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from broker.errors import StoreOwned, Unavailable
from broker.http_message import Answer, Request, Respond
from deploy.addresses import Address
from tests.deploy.living import Living, Subscriber, event, living

SECONDS_MAX = 60.0


async def until(reached: Callable[[], Any]) -> None:
    async with asyncio.timeout(SECONDS_MAX):
        while not reached():
            await asyncio.sleep(0.005)


def records(headrace: Living, name: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in headrace.log.getvalue().splitlines()]
    return [record for record in found if record["event"] == name]


class Slow(Subscriber):
    """Answers when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[Respond] = []

    def receive(self, request: Request, respond: Respond) -> None:
        self.seen.append((request.header(b"ce-id") or b"").decode())
        self.held.append(respond)

    def let_go(self) -> None:
        while self.held:
            self.held.pop()(Answer(204))


async def test_what_was_delivered_before_a_stop_is_not_delivered_after_it(tmp_path: Path) -> None:
    async with living(tmp_path) as first:
        await first.publish(*(event(n) for n in range(50)))
        await first.rest()

    async with living(tmp_path) as second:
        await second.publish(event("new"))
        await second.rest()

    assert len(first.subscriber.seen) == 50
    assert second.subscriber.seen == ["new"]


async def test_a_stop_lets_calls_in_flight_end_and_writes_down_what_they_came_to(
    tmp_path: Path,
) -> None:
    async with living(tmp_path, subscriber=Slow()) as first:
        slow = first.subscriber
        assert isinstance(slow, Slow)
        await first.publish(event(1), event(2))
        await until(lambda: len(slow.held) == 2)
        asyncio.get_running_loop().call_later(0.2, slow.let_go)

    async with living(tmp_path) as second:
        await second.rest()

    assert (sorted(first.subscriber.seen), second.subscriber.seen) == (["1", "2"], [])
    assert [record["open"] for record in records(first, "process.stopped")] == [0]


async def test_behind_a_load_balancer_it_goes_on_accepting_while_it_is_not_ready(
    tmp_path: Path,
) -> None:
    async with living(tmp_path, drain_delay_seconds=10.0) as headrace:
        running = headrace.process.running
        stopping = asyncio.get_running_loop().create_task(headrace.process.stop())
        await until(lambda: running.is_draining)

        ready, accepted = await headrace.get("/readyz"), await headrace.post(event(1))
        await stopping

    assert (ready.status, accepted) == (503, 202)
    assert headrace.subscriber.seen == ["1"]


async def test_its_life_is_told_in_records(tmp_path: Path) -> None:
    async with living(tmp_path) as headrace:
        process = headrace.process

    names = [json.loads(line)["event"] for line in headrace.log.getvalue().splitlines()]
    assert names == ["partition.loaded", "process.started", "process.draining", "process.stopped"]
    (started,) = records(headrace, "process.started")
    assert (started["ingress"], started["admin"]) == (str(process.ingress), str(process.admin))


async def test_a_data_folder_that_another_owns_is_refused_and_left_alone(tmp_path: Path) -> None:
    async with living(tmp_path) as first:
        with pytest.raises(StoreOwned):
            async with living(tmp_path):
                pass
        accepted = await first.post(event(1))
        await first.rest()

    assert (accepted, first.subscriber.seen) == (202, ["1"])


@pytest.mark.parametrize("which", ["ingress", "admin"])
async def test_a_port_in_use_is_refused_and_the_store_is_closed_cleanly(
    tmp_path: Path, which: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = Address("127.0.0.1", taken.getsockname()[1])
        options: dict[str, Any] = {which: address}
        with pytest.raises(Unavailable, match=f"cannot listen on {address}"):
            async with living(tmp_path, **options):
                pass

    async with living(tmp_path) as after:
        loaded = after.process.running.brokers["default/default"].partition.loaded
    assert loaded is not None
    assert loaded.unclean_ends == ()


async def test_a_task_that_must_not_end_ends_the_process(tmp_path: Path) -> None:
    async with living(tmp_path) as headrace:
        partition = headrace.process.running.brokers["default/default"].partition
        assert partition.on_failure is not None

        partition.on_failure(LookupError("offset 7 is gone"))

        assert headrace.process.stopping.is_set()
        refused = await headrace.post(event(1))
    assert refused in (503, 507)
    assert "offset 7 is gone" in (headrace.process.failure or "")
    assert "offset 7 is gone" in records(headrace, "process.failed")[0]["error"]


async def test_an_unmatched_event_is_not_read_again_after_a_clean_stop(tmp_path: Path) -> None:
    async with living(tmp_path) as first:
        await first.publish(event(1), event(2))
        await first.rest()

    async with living(tmp_path) as second:
        loaded = second.process.running.brokers["default/default"].partition.loaded

    assert loaded is not None
    assert (loaded.last_offset, loaded.routed, loaded.cursors) == (2, 2, {})
