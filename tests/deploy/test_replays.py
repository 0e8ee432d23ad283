"""Replays over the admin listener, and by the command line."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from broker.errors import HeadraceError, Unavailable
from deploy.cli.client import Admin
from deploy.elsewhere import Elsewhere
from sinks.http_client import HttpClient
from sinks.kinds import Supplies
from tests.deploy.conftest import Peer, Ran
from tests.deploy.living import BROKER, TRIGGER, Living, event, living

ANY = {"state": "finished", "delivered": 5, "dead": 0, "parked": 0, "waiting": 0}
JOB = {"id": "again", "why": "", "passed": 5, "total": 5, "rate": 50.0, **ANY}
PLAN = {
    "from_offset": 1, "to_offset": 5, "trigger": "default/orders", "filter": None,
    "to_sink": None, "sink": "http://orders/",
}  # fmt: skip
ALLOWING = BROKER.rstrip() + '\nspec: {egress: {allow: ["127.0.0.1"]}}\n'


async def post(house: Living, path: str, **body: Any) -> Any:
    admin = Admin(f"http://{house.process.admin}")
    return await asyncio.to_thread(admin.post, path, body)


async def stored(house: Living, events: int) -> None:
    await house.publish(*(event(number) for number in range(1, events + 1)))
    await house.rest()


async def ended(house: Living, id: str = "again") -> Any:
    while True:
        item = (await house.get(f"/api/v1/replays/{id}")).json
        if item["ended_at"] is not None:
            return item
        await asyncio.sleep(0.01)


async def test_a_replay_is_begun_followed_and_listed(tmp_path: Path) -> None:
    async with living(tmp_path) as house:
        await stored(house, 5)

        begun = await post(house, "/replays", trigger="orders", **{"from": 2}, id="again")
        item = await ended(house)
        listed = (await house.get("/api/v1/replays?trigger=orders")).json["items"]

        assert begun["created"] is True
        assert (item["state"], item["passed"], item["total"]) == ("finished", 4, 4)
        seen = house.subscriber.seen  # each time in any order: the trigger has promised none
        assert (sorted(seen[:5]), sorted(seen[5:])) == (list("12345"), list("2345"))
        assert listed == [item]


async def test_a_dry_run_shows_the_range_and_makes_nothing(tmp_path: Path) -> None:
    async with living(tmp_path) as house:
        await stored(house, 5)

        body = {"from": "earliest", "filter": "id = '3'", "dry_run": True}
        planned = await post(house, "/replays", trigger="orders", **body)

        assert (planned["from_offset"], planned["to_offset"]) == (1, 5)
        assert planned["created"] is False
        assert (await house.get("/api/v1/replays")).json == {"items": [], "next": None}


async def test_a_replay_is_paused_resumed_and_cancelled_each_once(tmp_path: Path) -> None:
    async with living(tmp_path) as house:
        await stored(house, 5)
        await post(house, "/replays", trigger="orders", **{"from": 1}, rate=0.01, id="again")

        paused = [await post(house, "/replays/again/pause", reason="slow") for _ in range(2)]
        resumed = [await post(house, "/replays/again/resume") for _ in range(2)]
        cancelled = [await post(house, "/replays/again/cancel") for _ in range(2)]

        assert [one["changed"] for one in paused] == [True, False]
        assert [one["changed"] for one in resumed] == [True, False]
        assert [one["changed"] for one in cancelled] == [True, False]
        assert (await ended(house))["state"] == "cancelled"


async def test_another_sink_on_loopback_needs_the_brokers_leave(tmp_path: Path) -> None:
    async with living(tmp_path) as house:
        await stored(house, 1)
        url = f"http://{house.process.ingress}/default/default"

        got = await refused(house, trigger="orders", **{"from": 1}, to_sink=url)

        assert "is not public" in got
        assert "egress.allow" in got


async def test_another_sink_gets_what_the_trigger_matches(tmp_path: Path) -> None:
    async with living(tmp_path, ALLOWING + "---" + TRIGGER) as house:
        await stored(house, 3)
        url = house.process.running.configuration.triggers["default/orders"].sink.url  # type: ignore[union-attr]

        await post(house, "/replays", trigger="orders", **{"from": 1}, to_sink=url, id="again")
        item = await ended(house)

        assert (item["delivered"], item["to_sink"]) == (3, url)
        assert len(house.subscriber.seen) == 6


async def test_the_admin_listener_is_no_sink_even_where_loopback_is_allowed(
    tmp_path: Path,
) -> None:
    async with living(tmp_path, ALLOWING + "---" + TRIGGER) as house:
        running, client = house.process.running, HttpClient(house.process.clock)
        forbidden = ("127.0.0.1", house.process.admin.port)
        supplies = Supplies(house.process.clock, client, forbidden=(forbidden,))
        elsewhere = Elsewhere(running, lambda _: supplies, lambda: 0.5)
        orders = running.configuration.triggers["default/orders"]

        endpoint = elsewhere.connect(orders, f"http://{house.process.admin}/")

        with pytest.raises(Unavailable, match="admin listener"):
            await endpoint.sink.probe()
        await client.close()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"trigger": "none", "from": 1}, "no trigger default/none"),
        ({"trigger": "orders", "from": "yesterday"}, "is no offset and no time"),
        ({"trigger": "orders", "from": 99}, "offset 99 is not stored yet"),
        ({"trigger": "orders", "from": 1, "filter": "id ="}, "a value belongs"),
        ({"trigger": "orders", "from": 1, "rate": 0}, "greater than 0"),
        ({"trigger": "orders", "from": 1, "form": 2}, "Extra inputs"),
        ({"trigger": "orders", "from": 1, "to_sink": "ftp://x/"}, "ftp"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_its_words(
    tmp_path: Path, body: dict[str, Any], words: str
) -> None:
    async with living(tmp_path) as house:
        await stored(house, 1)

        assert words in await refused(house, **body)


async def refused(house: Living, **body: Any) -> str:
    with pytest.raises(HeadraceError) as error:
        await post(house, "/replays", **body)
    return str(error.value)


def test_the_command_begins_a_replay_and_follows_it(
    headrace: Callable[..., Ran], peer: Peer
) -> None:
    peer.script("/api/v1/replays", 200, {**JOB, "state": "running", "created": True})
    peer.script("/api/v1/replays/again", 200, JOB)

    words = ["--trigger", "orders", "--from", "1", "--to", "2026-03-01T09:30:00Z", "--rate", "9"]
    ran = headrace("replay", *words, "--id", "again", "--yes", "--admin", peer.url)

    assert ran.exit_code == 0, ran.err
    assert "replay again is finished: 5 delivered, 0 dead" in ran.out
    body = json.loads(peer.asked[0].body)
    assert (body["trigger"], body["from"], body["rate"]) == ("default/orders", 1, 9.0)
    assert body["to"] == "2026-03-01T09:30:00Z"


def test_without_yes_and_without_anybody_there_nothing_is_begun(
    headrace: Callable[..., Ran], peer: Peer
) -> None:
    peer.script("/api/v1/replays", 200, {**JOB, **PLAN, "created": False})

    ran = headrace("replay", "--trigger", "orders", "--from", "1", "--admin", peer.url)

    assert ran.exit_code == 1
    assert "5 stored events" in ran.err
    assert "--yes" in ran.err
    assert [json.loads(asked.body)["dry_run"] for asked in peer.asked] == [True]


def test_a_replay_that_failed_is_a_failure_of_the_command(
    headrace: Callable[..., Ran], peer: Peer
) -> None:
    peer.script("/api/v1/replays", 200, {**JOB, "state": "failing", "created": True})
    peer.script("/api/v1/replays/again", 200, {**JOB, "state": "failed", "why": "it is gone"})

    ran = headrace("replay", "--trigger", "t", "--from", "1", "--yes", "--admin", peer.url)

    assert ran.exit_code == 1
    assert "it is gone" in ran.err


def test_replays_are_listed_and_shown_with_what_they_came_to(
    headrace: Callable[..., Ran], peer: Peer
) -> None:
    item = {**JOB, **PLAN, "created_at": "2026-03-01T09:30:00.000Z"}
    peer.script("/api/v1/replays", 200, {"items": [item], "next": None})
    peer.script("/api/v1/replays/again", 200, item)

    listed = headrace("replay", "list", "--admin", peer.url)
    shown = headrace("replay", "show", "again", "-o", "json", "--admin", peer.url)

    assert "finished" in listed.out
    assert "default/orders" in listed.out
    assert json.loads(shown.out) == item


@pytest.mark.parametrize("verb", ["pause", "resume", "cancel"])
def test_a_verb_gives_its_reason_and_says_if_nothing_was_left_to_do(
    headrace: Callable[..., Ran], peer: Peer, verb: str
) -> None:
    peer.script(f"/api/v1/replays/again/{verb}", 200, {**JOB, "changed": False})

    ran = headrace("replay", verb, "again", "--reason", "lunch", "--admin", peer.url)

    assert ran.exit_code == 0
    assert "is finished already" in ran.out
    assert json.loads(peer.asked[0].body) == {"reason": "lunch"}


def test_a_place_is_an_offset_or_goes_to_the_listener_as_it_is_written(
    headrace: Callable[..., Ran], peer: Peer
) -> None:
    ran = headrace("replay", "--trigger", "t", "--admin", peer.url)

    assert ran.exit_code == 2
    assert peer.asked == []
