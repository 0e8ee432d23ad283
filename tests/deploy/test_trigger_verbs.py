"""The verbs on triggers, over HTTP and on the command line, against a running headrace."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request as Asking
from urllib.request import urlopen

import pytest

from deploy.cli.client import Item
from tests.deploy.living import BROKER, TRIGGER, Got, Living, event, living

TRIGGERS = "/api/v1/triggers/default/orders"
PAUSED = TRIGGER.replace("spec:", "spec:\n  paused: true")
Headrace = Callable[..., Any]


class Steered:
    """A headrace, the command line that talks to it, and the file that it reads again."""

    def __init__(self, living: Living, run: Headrace, file: Path) -> None:
        self.living = living
        self._run = run
        self._file = file

    async def post(self, path: str, **body: Any) -> Got:
        url = f"http://{self.living.process.admin}{path}"
        headers = {"content-type": "application/json"}
        return await asyncio.to_thread(ask, Asking(url, json.dumps(body).encode(), headers))

    async def run(self, *words: object) -> Any:
        admin = f"http://{self.living.process.admin}"
        return await asyncio.to_thread(self._run, *words, "--admin", admin)

    async def show(self) -> Item:
        shown: Item = (await self.living.get(TRIGGERS)).json
        return shown

    def write(self, *documents: str) -> Path:
        self._file.write_text("---".join(documents))
        return self._file

    async def acts(self) -> list[tuple[str, str, str]]:
        items = (await self.living.get("/api/v1/audit")).json["items"]
        return [(item["verb"], item["by"], item["reason"]) for item in items]


def ask(asking: Asking) -> Got:
    try:
        with urlopen(asking, timeout=30) as answer:
            return Got(answer.status, dict(answer.headers), answer.read())
    except HTTPError as error:
        with error:
            return Got(error.code, dict(error.headers), error.read())


@pytest.fixture
async def one(tmp_path: Path, headrace: Headrace) -> AsyncIterator[Steered]:
    async with living(tmp_path) as made:
        yield Steered(made, headrace, tmp_path / "headrace.yaml")


async def test_pausing_twice_changes_nothing_the_second_time(one: Steered) -> None:
    first = await one.post(f"{TRIGGERS}/pause", reason="a new model")
    second = await one.post(f"{TRIGGERS}/pause")

    assert (first.status, first.json["changed"]) == (200, True)
    assert (second.status, second.json["changed"]) == (200, False)
    shown = await one.show()
    assert (shown["state"], shown["pause"]["by"]) == ("paused", "local")
    assert shown["pause"]["reason"] == "a new model"
    assert ("pause", "local", "a new model") in await one.acts()


async def test_a_paused_trigger_shows_how_much_waits_since_when(one: Steered) -> None:
    await one.post(f"{TRIGGERS}/pause")
    await one.living.publish(event(1), event(2))

    shown = await one.show()
    (listed,) = (await one.living.get("/api/v1/triggers")).json["items"]

    assert (shown["backlog"], shown["in_flight"]) == (2, 0)
    assert 0.0 <= shown["oldest_age_seconds"] < 30.0
    assert listed["oldest_stored_at"] == shown["oldest_stored_at"]
    assert shown["oldest_stored_at"] is not None


async def test_on_the_command_line_a_pause_is_a_sentence_or_data(one: Steered) -> None:
    said = await one.run("triggers", "pause", "orders", "--reason", "x")
    shown = await one.run("triggers", "show", "orders")
    data = await one.run("triggers", "resume", "default/orders", "-o", "json")

    assert (said.exit_code, said.out) == (0, "default/orders is paused\n")
    assert "paused by" in shown.out
    assert json.loads(data.out)["changed"] is True


async def test_seeking_says_first_how_many_are_skipped(one: Steered) -> None:
    await one.post(f"{TRIGGERS}/pause")
    await one.living.publish(*(event(n) for n in range(5)))

    asked = await one.run("triggers", "seek", "orders", "--to", "latest")
    done = await one.run("triggers", "seek", "orders", "--to", "latest", "--yes")

    assert asked.exit_code == 1
    assert "default/orders: skip 5 stored events, from offset 1 to 6? Nobody" in asked.err
    assert done.out == "default/orders delivers offset 6 next; 5 that matched are discarded\n"
    shown = await one.show()
    assert (shown["backlog"], shown["discarded"]) == (0, 5)


async def test_seeking_back_delivers_again(one: Steered) -> None:
    await one.living.publish(*(event(n) for n in range(3)))
    await one.living.rest()

    answer = await one.post(f"{TRIGGERS}/seek", to=2)
    await one.living.rest()

    assert (answer.json["direction"], answer.json["events"]) == ("again", 2)
    assert sorted(one.living.subscriber.seen) == ["0", "1", "1", "2", "2"]


@pytest.mark.parametrize("to", ["yesterday", "2026-01-01T00:00:00", 0, -1, "", True])
async def test_a_place_that_is_none_is_refused(one: Steered, to: Any) -> None:
    answer = await one.post(f"{TRIGGERS}/seek", to=to)

    assert (answer.status, answer.json["code"]) == (400, "bad-parameter")


async def test_a_configured_trigger_is_not_removed_by_a_command(one: Steered) -> None:
    answer = await one.post(f"{TRIGGERS}/remove", how="discard", reason="x")
    said = await one.run("triggers", "remove", "orders", "--discard", "--reason", "x")

    assert (answer.status, answer.json["code"]) == (400, "trigger-configured")
    assert "take it out of the YAML" in said.err


async def test_a_removed_trigger_finishes_or_is_ended_with_its_count(one: Steered) -> None:
    await one.post(f"{TRIGGERS}/pause")
    await one.living.publish(*(event(n) for n in range(4)))
    one.write(BROKER)
    reloaded = await one.run("reload", "-o", "json")
    shown = await one.show()

    asked = await one.run("triggers", "remove", "orders", "--dead-letter", "--reason", "gone")
    ended = await one.run(
        "triggers", "remove", "orders", "--dead-letter", "--reason", "gone", "--yes"
    )
    again = await one.post(f"{TRIGGERS}/remove", how="dead-letter", reason="gone")

    assert json.loads(reloaded.out)[0]["change"] == "removed"
    assert (shown["state"], shown["backlog"]) == ("removing", 4)
    assert "4 in the backlog, 0 parked and 0 waiting become dead letters?" in asked.err
    assert ended.out == "default/orders has ended: 4 become dead letters\n"
    assert (again.status, again.json["count"]) == (200, 0)


async def test_what_is_being_removed_goes_on_after_a_restart(
    tmp_path: Path, headrace: Headrace
) -> None:
    async with living(tmp_path, BROKER + "---" + PAUSED) as first:
        await first.publish(*(event(n) for n in range(4)))

    async with living(tmp_path, BROKER) as second:
        _, lane = second.process.running.lanes()["default/orders"]
        state = (await second.get(TRIGGERS)).json["state"]
        await second.publish(event("new"))
        await Steered(second, headrace, tmp_path / "x").post(f"{TRIGGERS}/resume")
        async with asyncio.timeout(60.0):
            while "default/orders" in second.process.running.lanes():
                await asyncio.sleep(0.01)

    assert (state, lane.is_removing) == ("removing", True)
    assert sorted(second.subscriber.seen) == ["0", "1", "2", "3"]


async def test_a_diff_says_what_a_reload_would_do(one: Steered) -> None:
    await one.post(f"{TRIGGERS}/pause")
    await one.living.publish(event(1), event(2))
    changed = TRIGGER.replace("spec:", "spec:\n  filters: [{exact: {type: wanted}}]")
    file = one.write(BROKER, changed)

    shown = await one.run("diff", file, "-o", "json")
    same = await one.run("diff", one.write(BROKER, TRIGGER))

    (change,) = json.loads(shown.out)
    assert (shown.exit_code, change["name"], change["change"]) == (0, "default/orders", "changed")
    assert change["means"] == [
        "filter changes from the next event on; 2 in the backlog keep the old filter"
    ]
    assert (same.exit_code, same.out) == (0, "nothing differs\n")


async def test_mistakes_are_shown_by_diff_and_reload_with_their_lines(one: Steered) -> None:
    file = one.write(BROKER, TRIGGER + "  nonsense: 1\n")

    diff, reload = await one.run("diff", file), await one.run("reload")

    for ran in (diff, reload):
        assert (ran.exit_code, ran.out) == (1, "")
        assert f"{file}:13:3: spec.nonsense: " in ran.err


async def test_one_broker_and_one_sink_are_shown_whole(one: Steered) -> None:
    await one.living.publish(event(1, "refused"))
    await one.living.rest()
    (sink,) = one.living.process.running.endpoints

    broker_shown = await one.run("brokers", "show", "default")
    sink_shown = await one.run("sinks", "show", sink)
    missing = await one.run("sinks", "show", "FileSink default/none")

    assert "default/orders" in broker_shown.out
    assert "422" in sink_shown.out
    assert (missing.exit_code, "headrace sinks lists them" in missing.err) == (1, True)
