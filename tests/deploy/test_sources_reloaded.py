"""Sources beside what runs: added, removed, sent elsewhere, moved to another broker."""

import asyncio
from pathlib import Path

import pytest

from broker.errors import Conflict
from broker.storage.rows import Record
from deploy.sources.moving import LEFT_PREFIX, write
from deploy.sources.outlet import prefix_of
from sources.spec import SourceSpec
from tests.deploy.living import BROKER, PATIENCE_SECONDS, Living, ask, living

OTHER = BROKER.replace("default", "other")


def hooks(sink: str = "") -> str:
    return f"""---
apiVersion: headrace.dev/v1
kind: WebhookSource
metadata: {{name: hooks}}
spec: {{{sink} template: {{type: com.example.hook, id: "{{{{header:x-id}}}}"}}}}
"""


PREFIX = prefix_of(SourceSpec("WebhookSource", "default/hooks", "default/default", None))
TO_URL = 'sink: {uri: "${env:SUBSCRIBER}"},'
TO_OTHER = "sink: {ref: {kind: Broker, name: other}},"


async def send(running: Living, id: str) -> int:
    url = f"http://{running.process.ingress}/sources/default/hooks"
    return (await asyncio.to_thread(ask, url, {"x-id": id, "content-length": "0"}, "POST")).status


async def reload(running: Living, folder: Path, text: str) -> None:
    (folder / "headrace.yaml").write_text(text)
    reloader = running.process.running.reloader
    assert reloader is not None
    await reloader.reload("tests")


async def until_taken(running: Living, id: str) -> None:
    """A source begins a moment after its configuration counts."""
    async with asyncio.timeout(60):
        while await send(running, id) != 202:
            await asyncio.sleep(0.02)


async def ids_in(running: Living, broker: str) -> list[str]:
    engine = running.process.running.brokers[broker].engine
    return [stored.event.id for stored in await engine.log.read(0, 100, 1 << 20)]


async def test_what_goes_to_a_url_is_stored_first_and_delivered(tmp_path: Path) -> None:
    async with living(tmp_path, hooks(TO_URL)) as running:
        await until_taken(running, "a")
        await running.rest("default/hooks.source")

        assert running.subscriber.seen == ["a"]
        assert await ids_in(running, "default/hooks.source") == ["a"]


async def test_nobody_else_may_publish_to_a_hidden_broker(tmp_path: Path) -> None:
    async with living(tmp_path, hooks(TO_URL)) as running:
        url = f"http://{running.process.ingress}/default/hooks.source"

        got = await asyncio.to_thread(ask, url, {"content-length": "0"}, "POST")

        assert got.status == 404


async def test_a_reload_adds_a_source_and_removes_it(tmp_path: Path) -> None:
    async with living(tmp_path, BROKER) as running:
        before = await send(running, "a")

        await reload(running, tmp_path, BROKER + hooks())
        await until_taken(running, "a")
        await reload(running, tmp_path, BROKER)

        assert (before, await send(running, "b")) == (404, 404)
        assert await ids_in(running, "default/default") == ["a"]


async def test_a_source_with_a_backlog_of_its_own_is_not_removed(tmp_path: Path) -> None:
    refused = hooks(TO_URL).replace("com.example.hook", "refused")
    async with living(tmp_path, BROKER + refused) as running:
        await until_taken(running, "a")
        await running.rest("default/hooks.source")

        with pytest.raises(Conflict, match=r"source default/hooks still has .* 1 dead letter"):
            await reload(running, tmp_path, BROKER)

        assert await send(running, "b") == 202


async def test_one_that_gets_another_broker_takes_its_records_along(tmp_path: Path) -> None:
    both = BROKER + "---" + OTHER
    key = PREFIX + "position"
    async with living(tmp_path, both + hooks()) as running:
        brokers = running.process.running.brokers
        await write(brokers["default/default"], [Record(key, b"17")])

        await reload(running, tmp_path, both + hooks(TO_OTHER))
        await until_taken(running, "a")

        assert await brokers["default/other"].engine.records.get(key) == (b"17", 1)
        assert await brokers["default/default"].engine.records.get(key) is None
        assert await ids_in(running, "default/other") == ["a"]


async def test_a_move_that_was_cut_off_while_removing_does_not_copy_again(tmp_path: Path) -> None:
    both = BROKER + "---" + OTHER
    async with living(tmp_path, both) as running:
        brokers = running.process.running.brokers
        old, new = brokers["default/default"], brokers["default/other"]
        left = [Record(PREFIX + "b", b"old"), Record(LEFT_PREFIX + "default/hooks", b"")]
        await write(old, left)
        await write(new, [Record(PREFIX + "b", b"newer")])

        await reload(running, tmp_path, both + hooks(TO_OTHER))

        found = await new.engine.records.get(PREFIX + "b")
        assert found is not None
        assert found[0] == b"newer"
        assert await old.engine.records.scan(PREFIX) == []


async def test_a_pause_survives_a_restart(tmp_path: Path) -> None:
    async with living(tmp_path, BROKER + hooks()) as running:
        await until_taken(running, "a")
        sources = running.process.running.sources
        assert sources is not None
        assert await sources.pause("default/hooks", "ann", "too much")

    async with living(tmp_path, BROKER + hooks()) as running:
        while_paused = await send(running, "b")
        sources = running.process.running.sources
        assert sources is not None
        view = sources.get("default/hooks")
        assert await sources.resume("default/hooks", "ann")
        await until_taken(running, "b")

        assert while_paused == 503
        assert view.pause is not None
        assert (view.state, view.pause.by, view.pause.reason) == ("paused", "ann", "too much")


async def test_a_process_that_stops_ends_its_sources_first(tmp_path: Path) -> None:
    async with living(tmp_path, BROKER + hooks()) as running:
        await until_taken(running, "a")

        await running.process.stop()
        running.process.logs.close(PATIENCE_SECONDS)

        names = [line for line in running.log.getvalue().splitlines() if "process.stopped" in line]
        assert len(names) == 1
        sources = running.process.running.sources
        assert sources is not None
        assert sources.items() == []


async def test_a_store_that_no_broker_names_any_more_is_told(tmp_path: Path) -> None:
    async with living(tmp_path, BROKER + hooks(TO_URL)) as running:
        await until_taken(running, "a")

    async with living(tmp_path, BROKER + hooks()) as running:
        await until_taken(running, "b")

    told = [line for line in running.log.getvalue().splitlines() if "store.left" in line]
    assert len(told) == 1
    assert "default/hooks.source" in told[0]
