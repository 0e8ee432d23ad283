"""Reload: a good configuration applies whole while events flow, a bad one leaves the old one."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from hmac import digest
from pathlib import Path
from typing import Any

import pytest

from broker.errors import Conflict, InvalidConfig, Unavailable
from broker.http_message import Request, Respond
from deploy.config.broker_spec import Configuration
from deploy.config.read import read_configuration
from deploy.reload import Reloaded, Reloader
from tests.deploy.living import BROKER, TRIGGER, Living, Subscriber, event, living
from triggers.lane import ENDING

OTHER = BROKER.replace("default}", "other}")
NARROW = TRIGGER.replace("spec:", "spec:\n  filters: [{exact: {type: wanted}}]")
SECONDS_MAX = 60.0


class Reloading:
    """A headrace, and the file that it reads again."""

    def __init__(self, headrace: Living, file: Path) -> None:
        self.headrace = headrace
        self.file = file

    @property
    def reloader(self) -> Reloader:
        reloader = self.headrace.process.running.reloader
        assert reloader is not None
        return reloader

    async def reload(self, *documents: str) -> Reloaded:
        self.file.write_text("---".join(documents))
        return await self.reloader.reload("test")

    async def records(self, name: str, count: int = 1) -> list[dict[str, Any]]:
        """The log records of that name, once there are so many: a thread writes them."""
        await until(lambda: self.headrace.log.getvalue().count(f'"{name}"') >= count)
        found = [json.loads(line) for line in self.headrace.log.getvalue().splitlines()]
        return [record for record in found if record["event"] == name]


async def until(reached: Callable[[], Any]) -> None:
    async with asyncio.timeout(SECONDS_MAX):
        while not reached():
            await asyncio.sleep(0.005)


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[Reloading]:
    async with living(tmp_path) as headrace:
        yield Reloading(headrace, tmp_path / "headrace.yaml")


async def test_files_that_say_what_runs_change_nothing(one: Reloading) -> None:
    before = dict(one.headrace.process.running.endpoints)

    reloaded = await one.reload(BROKER, TRIGGER)

    assert reloaded.changes == ()
    after = one.headrace.process.running.endpoints
    assert {name: each.sink for name, each in after.items()} == {
        name: each.sink for name, each in before.items()
    }
    (applied,) = await one.records("configuration.applied")
    assert applied["changed"] == 0


async def test_a_mistake_leaves_the_old_configuration_and_is_told_with_its_line(
    one: Reloading,
) -> None:
    with pytest.raises(InvalidConfig) as invalid:
        await one.reload(BROKER, TRIGGER + "  nonsense: 1\n")

    await one.headrace.publish(event(1))
    await one.headrace.rest()
    assert one.headrace.subscriber.seen == ["1"]
    assert f"{one.file}:13:3: spec.nonsense: " in invalid.value.mistakes[0]
    (refused,) = await one.records("configuration.refused")
    assert refused["mistakes"] == list(invalid.value.mistakes)


async def test_refusals_and_the_running_configuration_are_metrics(one: Reloading) -> None:
    digest = one.headrace.process.running.reloads.digest
    with pytest.raises(InvalidConfig):
        await one.reload("kind: [")

    page = (await one.headrace.get("/metrics")).body.decode()

    assert 'headrace_reloads_total{result="refused"} 1.0' in page
    assert 'headrace_reloads_total{result="applied"} 0.0' in page
    assert f'headrace_configuration_info{{digest="{digest}"}} 1.0' in page


async def test_a_second_reload_is_refused_while_one_is_under_way(one: Reloading) -> None:
    first = asyncio.create_task(one.reload(BROKER, TRIGGER))
    await asyncio.sleep(0)

    with pytest.raises(Conflict) as conflict:
        await one.reloader.reload("another")

    assert conflict.value.code == "reload-under-way"
    assert (await first).changes == ()


async def test_what_is_signalled_during_a_reload_is_made_up_for(one: Reloading) -> None:
    first = asyncio.create_task(one.reload(BROKER, TRIGGER))
    await asyncio.sleep(0)
    one.reloader.signal()
    await first

    await until(lambda: one.headrace.process.running.reloads.applied == 2)

    applied = await one.records("configuration.applied", 2)
    assert [record["by"] for record in applied] == ["test", "SIGHUP"]


async def test_an_added_broker_accepts_and_delivers_at_once(one: Reloading) -> None:
    trigger = TRIGGER.replace("broker: default", "broker: other").replace("orders", "others")

    reloaded = await one.reload(BROKER, TRIGGER, OTHER, trigger)

    assert [change.change for change in reloaded.changes] == ["added", "added"]
    assert await one.headrace.post(event(1), "default/other") == 202
    await one.headrace.rest("default/others")
    assert one.headrace.subscriber.seen == ["1"]


async def test_a_broker_that_has_nothing_left_to_do_is_closed_and_its_file_stays(
    one: Reloading,
) -> None:
    await one.reload(BROKER, TRIGGER, OTHER)
    await one.headrace.post(event(1), "default/other")

    await one.reload(BROKER, TRIGGER)

    assert await one.headrace.post(event(2), "default/other") == 404
    assert await one.headrace.post(event(2)) == 202
    await one.reload(BROKER, TRIGGER, OTHER)
    assert one.headrace.process.running.brokers["default/other"].partition.router.routed == 1


async def test_a_broker_with_a_backlog_or_dead_letters_stays(one: Reloading) -> None:
    await one.headrace.publish(event(1, "refused"), event(2, "busy"))
    await one.headrace.rest()

    with pytest.raises(Conflict) as conflict:
        await one.reload(OTHER)

    assert conflict.value.what == (
        "broker default/default still has 1 events to deliver and 1 dead letters"
    )
    assert await one.headrace.post(event(3)) == 202
    assert await one.headrace.post(event(4), "default/other") == 404


async def test_files_that_an_editor_has_just_emptied_take_no_broker_away(one: Reloading) -> None:
    with pytest.raises(Conflict, match="name no broker at all"):
        await one.reload("")

    assert await one.headrace.post(event(1)) == 202


async def test_a_brokers_limits_count_from_the_next_request(one: Reloading) -> None:
    big = event(1, data=b"x" * 5_000)

    await one.reload(BROKER + "spec: {limits: {maxEventBytes: 1Ki}}\n", TRIGGER)

    assert await one.headrace.post(big) == 413
    await one.reload(BROKER, TRIGGER)
    assert await one.headrace.post(big) == 202


async def test_what_cannot_be_opened_changes_nothing(one: Reloading) -> None:
    model = (
        "\napiVersion: headrace.dev/v1\nkind: InferenceSink\nmetadata: {name: iris}\n"
        "spec: {protocol: onnx, url: 'file:no.onnx', reply: {allowLoop: true}}\n"
    )
    trigger = TRIGGER.replace(
        '{uri: "${env:SUBSCRIBER}"}', "{ref: {kind: InferenceSink, name: iris}}"
    )

    with pytest.raises(Exception, match=r"no\.onnx"):
        await one.reload(BROKER, OTHER, model, trigger.replace("orders", "guess"), NARROW)

    assert await one.headrace.post(event(1), "default/other") == 404
    await one.headrace.publish(event(2))
    await one.headrace.rest()
    assert one.headrace.subscriber.seen == ["2"]


async def test_files_that_cannot_be_read_in_time_are_given_up(one: Reloading) -> None:
    def fail() -> Configuration:
        raise Unavailable("the files are on a server that hangs")

    running = one.headrace.process.running
    reloader = Reloader(one.headrace.process._assembler, fail)

    with pytest.raises(Unavailable, match="hangs"):
        await reloader.reload("test")

    assert running.reloads.refused == 1


class Signed(Subscriber):
    """Keeps by which of two keys each delivery was signed (Standard Webhooks)."""

    keys = (b"A" * 24, b"B" * 24)

    def __init__(self) -> None:
        super().__init__()
        self.signed_by: list[int | None] = []

    def receive(self, request: Request, respond: Respond) -> None:
        names = (b"webhook-id", b"webhook-timestamp", b"webhook-signature")
        number, at, signature = (request.header(name) or b"" for name in names)
        text = b".".join((number, at, bytes(request.body)))
        made = [b"v1," + b64encode(digest(key, text, "sha256")) for key in self.keys]
        self.signed_by.append(made.index(signature) if signature in made else None)
        super().receive(request, respond)


async def test_a_secret_in_a_file_is_rotated_by_a_reload_over_the_same_breaker(
    tmp_path: Path,
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("whsec_" + b64encode(Signed.keys[0]).decode())
    signing = "  delivery: {signing: {secret: '${file:secret}'}}\n"
    text = BROKER + "---" + TRIGGER.split("  delivery:")[0] + signing
    async with living(tmp_path, text, signed := Signed()) as headrace:
        reloading = Reloading(headrace, tmp_path / "headrace.yaml")
        _, lane = headrace.process.running.lanes()["default/orders"]
        target = lane.target
        await headrace.publish(event(1))
        await headrace.rest()
        secret.write_text("whsec_" + b64encode(Signed.keys[1]).decode())

        reloaded = await reloading.reload(*text.split("---"))

        await headrace.publish(event(2))
        await headrace.rest()
        _, lane = headrace.process.running.lanes()["default/orders"]
        assert (reloaded.changes, lane.target) == ((), target)
        assert (signed.signed_by, lane.revision) == ([0, 1], 1)


async def test_a_process_without_files_says_so(tmp_path: Path) -> None:
    file = tmp_path / "headrace.yaml"
    async with living(tmp_path, read=lambda: read_configuration([file], {})) as headrace:
        with pytest.raises(InvalidConfig, match="1 mistake"):
            await Reloading(headrace, file).reload(BROKER, TRIGGER)


async def test_a_trigger_moves_to_another_broker_once_it_has_nothing_left_to_do(
    one: Reloading,
) -> None:
    moved = TRIGGER.replace("broker: default", "broker: other")
    paused = TRIGGER.replace("spec:", "spec:\n  paused: true")
    await one.reload(BROKER, OTHER, paused)
    await one.headrace.publish(event(1))
    with pytest.raises(Conflict, match="still has 1 events of default/default to deliver"):
        await one.reload(BROKER, OTHER, moved)
    await one.reload(BROKER, OTHER, paused.replace("true", "false"))
    await one.headrace.rest()

    await one.reload(BROKER, OTHER, moved)

    assert await one.headrace.post(event(2), "default/other") == 202
    await one.headrace.rest()
    assert one.headrace.subscriber.seen == ["1", "2"]


async def test_one_broker_that_cannot_change_keeps_the_others_from_changing(
    one: Reloading,
) -> None:
    others = TRIGGER.replace("broker: default", "broker: other").replace("orders", "others")
    paused = others.replace("spec:", "spec:\n  paused: true")
    await one.reload(BROKER, OTHER, TRIGGER, paused)
    await one.headrace.publish(event(1), broker="default/other")
    await one.reload(BROKER, OTHER, TRIGGER)
    _, half_ended = one.headrace.process.running.lanes()["default/others"]
    half_ended.holds.add(ENDING)

    with pytest.raises(Conflict, match="half ended"):
        await one.reload(BROKER, OTHER, NARROW, others)

    assert await one.headrace.post(event(2)) == 202
    await until(lambda: "2" in one.headrace.subscriber.seen)
    assert one.headrace.process.running.lanes()["default/orders"][1].revision == 1
