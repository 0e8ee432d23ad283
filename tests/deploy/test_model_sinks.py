"""A model sink over the admin interface: shown, tried, weighed, and what scales it."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.model_house import VARIANTS, ModelHouse, flower, model_house, written
from tests.sinks.inference.peers.wire import Said

IRIS = "/sink?name=iris"
NAME = "InferenceSink default/iris"
DOCUMENT = {
    "specversion": "1.0", "id": "1", "source": "/garden", "type": "flower",
    "datacontenttype": "application/json", "data": [5.1, 3.5, 1.4, 0.2],
}  # fmt: skip


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[ModelHouse]:
    async with model_house(tmp_path) as made:
        yield made


@pytest.fixture
async def weighted(tmp_path: Path) -> AsyncIterator[ModelHouse]:
    async with model_house(tmp_path, VARIANTS) as made:
        yield made


async def test_a_model_shows_what_its_calls_came_to(house: ModelHouse) -> None:
    await house.deliver(*(flower(number) for number in range(20)))

    shown = await house.ask(IRIS)

    model = shown["model"]
    (variant,) = model["variants"]
    assert (shown["name"], shown["state"]) == (NAME, "ready")
    assert (variant["ok"], variant["failed"], variant["state"]) == (20, 0, "ready")
    assert shown["backlog"] == 0
    assert variant["calls"] < 20 < variant["records_most"]
    assert model["calls"]["limit"] >= 2
    assert "secret" not in json.dumps(shown)


async def test_errors_are_told_by_class(house: ModelHouse) -> None:
    await house.deliver(flower(1), flower("bad", "no flower"))

    shown = await house.ask(IRIS)

    (error,) = shown["model"]["errors"]
    assert error["count"] >= 1
    assert error["class"] in ("bad_input", "suspect")


async def test_a_model_that_was_away_shows_since_when_and_its_cold_start(
    house: ModelHouse,
) -> None:
    house.peer.models["iris"] = False
    await house.headrace.publish(flower(1))
    await holding(house)
    house.peer.models["iris"] = True
    await house.headrace.rest("default/classify")

    shown = await house.ask(IRIS)

    (hold,) = shown["model"]["holds"]
    (variant,) = shown["model"]["variants"]
    assert hold["seconds"] > 0
    assert "not ready" in hold["message"]
    assert variant["wakes"] >= 1
    assert variant["cold_start_seconds"] is not None


async def holding(house: ModelHouse) -> None:
    async with asyncio.timeout(60):
        while (await house.ask(IRIS))["state"] not in ("holding", "waking"):
            await asyncio.sleep(0.01)


async def test_a_try_shows_request_answer_class_and_reply(house: ModelHouse) -> None:
    told = (await house.post("/sink/try", {"name": "iris", "event": DOCUMENT})).json

    assert (told["sink"], told["trigger"], told["class"]) == (NAME, "default/classify", "ok")
    assert told["request"]["body"] == '{"instances":[[5.1,3.5,1.4,0.2]]}'
    assert told["request"]["url"].endswith("/v1/models/iris:predict")
    assert told["answer"]["body"] == '{"predictions":[0]}'
    assert (told["reply"]["type"], told["reply"]["data"]) == ("classified", "0")


async def test_a_try_shows_no_secret(house: ModelHouse) -> None:
    told = await house.post("/sink/try", {"name": "iris", "event": DOCUMENT})

    (sent,) = house.server.requests[-1:]
    assert sent.headers["x-api-key"] == "very-secret"
    assert ["x-api-key", "***"] in told.json["request"]["headers"]
    assert b"secret" not in told.body


async def test_a_try_settles_and_counts_nothing(house: ModelHouse) -> None:
    house.peer.says = Said(500, {"error": "boom"})

    told = (await house.post("/sink/try", {"name": "iris", "event": DOCUMENT})).json

    shown = await house.ask(IRIS)
    events = await house.ask("/events")
    assert (told["class"], told["answer"]["status"], told["reply"]) == ("suspect", 500, None)
    assert (shown["model"]["variants"][0]["calls"], shown["model"]["errors"]) == (0, [])
    assert events["items"] == []


async def test_an_event_of_which_no_request_can_be_made_is_bad_input(house: ModelHouse) -> None:
    bare = {name: value for name, value in DOCUMENT.items() if not name.startswith("data")}

    told = (await house.post("/sink/try", {"name": "iris", "event": bare})).json

    assert (told["class"], told["request"]) == ("bad_input", None)


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"name": "none"}, 404, "not-found"),
        ({"name": "iris", "trigger": "none"}, 404, "not-found"),
        ({"name": "iris", "variant": "none"}, 400, "unknown-variant"),
        ({"name": "iris", "event": {"id": "1"}}, 400, None),
    ],
)
async def test_a_try_of_what_is_not_there_is_refused(
    house: ModelHouse, more: dict[str, object], status: int, code: str | None
) -> None:
    told = await house.post("/sink/try", {"event": DOCUMENT} | more)

    assert told.status == status
    assert code is None or told.json["code"] == code


async def test_scale_signals_say_what_waits_and_how_many_should_run(house: ModelHouse) -> None:
    idle = await house.ask("/scale/default/classify")
    house.peer.models["iris"] = False
    await house.headrace.publish(*(flower(number) for number in range(5)))
    await holding(house)

    waiting = await house.ask("/scale/default/classify")

    assert idle == {"backlog": 0, "inflight": 0, "active": False, "desired": 0}
    assert waiting["backlog"] + waiting["inflight"] >= 4
    assert (waiting["active"], waiting["desired"]) == (True, 1)


async def test_weights_are_changed_numbered_and_rolled_back(weighted: ModelHouse) -> None:
    change = {"name": "iris", "weights": {"canary": 10}, "reason": "it looks well"}

    changed = (await weighted.post("/sink/weight", change)).json
    back = (await weighted.post("/sink/weight", {"name": "iris", "rollback": True})).json
    none = await weighted.post("/sink/weight", {"name": "iris", "rollback": True})

    assert (changed["set"], changed["weights"]) == (2, {"stable": 90, "canary": 10})
    assert (back["set"], back["restores"]) == (3, 1)
    assert back["weights"] == {"stable": 90, "canary": 0}
    assert (none.status, none.json["code"]) == (409, "no-earlier-weights")
    acts = (await weighted.ask("/audit"))["items"]
    assert [act["verb"] for act in acts[:2]] == ["weight-sink", "weight-sink"]
    assert acts[1]["reason"] == "it looks well"


async def test_events_go_by_the_new_weights(weighted: ModelHouse) -> None:
    weights = {"stable": 0, "canary": 1}

    await weighted.post("/sink/weight", {"name": "iris", "weights": weights})
    await weighted.deliver(*(flower(number) for number in range(10)))

    variants = (await weighted.ask(IRIS))["model"]["variants"]
    assert {one["name"]: one["ok"] for one in variants} == {"stable": 0, "canary": 10}


@pytest.mark.parametrize(
    "body", [{"weights": {"none": 1}}, {"weights": {"canary": -1}}, {}, {"weights": {"stable": 0}}]
)
async def test_weights_that_make_no_sense_change_nothing(
    weighted: ModelHouse, body: dict[str, object]
) -> None:
    told = await weighted.post("/sink/weight", {"name": "iris"} | body)

    assert told.status == 400
    assert (await weighted.ask(IRIS))["model"]["weights"]["now"]["set"] == 1


WRONG_CANARY = """  classify: [{status: 404, class: config}]
  variants:
    - {name: stable, weight: 50}
    - {name: canary, weight: 50, model: later}
"""


async def test_a_variant_that_is_configured_wrongly_is_shown_and_goes_on_once_weighed(
    tmp_path: Path,
) -> None:
    async with model_house(tmp_path, WRONG_CANARY) as house:
        await house.headrace.publish(*(flower(number) for number in range(40)))
        stable, canary = await variants_when(house, lambda one: one[1]["state"] == "paused")
        (listed,) = (await house.ask("/sinks"))["items"]
        house.peer.models["later"] = True

        same = await house.post("/sink/weight", {"name": "iris", "weights": {"canary": 50}})
        _, healed = await variants_when(house, lambda one: one[0]["ok"] + one[1]["ok"] == 40)

    assert (listed["state"], listed["variants"]["canary"]) == ("ready", "paused")
    assert (stable["message"], "does not exist" in canary["message"]) == (None, True)
    assert (same.status, same.json["set"]) == (200, 1)
    assert (healed["state"], healed["message"]) == ("ready", None)
    assert healed["ok"] > 5


async def variants_when(house: ModelHouse, is_so: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + 60.0
    while time.monotonic() < deadline:
        variants = (await house.ask(IRIS))["model"]["variants"]
        if is_so(variants):
            return variants
        await asyncio.sleep(0.02)
    raise AssertionError(f"it never came to that: {variants}")


async def test_a_sink_without_variants_has_no_weights(house: ModelHouse) -> None:
    told = await house.post("/sink/weight", {"name": "iris", "weights": {"canary": 1}})

    assert told.json["code"] == "no-variants"


async def test_weights_last_over_a_restart_and_until_the_configuration_has_others(
    tmp_path: Path,
) -> None:
    async with model_house(tmp_path, VARIANTS) as first:
        await first.post("/sink/weight", {"name": "iris", "weights": {"canary": 10}})
    async with model_house(tmp_path, VARIANTS) as second:
        kept = (await second.ask(IRIS))["model"]["weights"]["now"]
        text = written(tmp_path, second.server.port, VARIANTS.replace("90", "80"))
        (tmp_path / "headrace.yaml").write_text(text)

        await second.post("/reload", {})

        configured = (await second.ask(IRIS))["model"]["weights"]["now"]
    assert (kept["set"], kept["weights"]) == (2, {"stable": 90, "canary": 10})
    assert (configured["set"], configured["by"]) == (3, "configuration")
    assert configured["weights"] == {"stable": 80, "canary": 0}


async def test_weights_outlast_a_reload_that_changes_something_else(tmp_path: Path) -> None:
    async with model_house(tmp_path, VARIANTS) as house:
        await house.post("/sink/weight", {"name": "iris", "weights": {"canary": 10}})
        changed = written(tmp_path, house.server.port, VARIANTS).replace("max: 9", "max: 8")
        (tmp_path / "headrace.yaml").write_text(changed)

        assert (await house.post("/reload", {})).status == 200

        now = (await house.ask(IRIS))["model"]["weights"]["now"]
        assert now["weights"] == {"stable": 90, "canary": 10}


async def test_a_model_exports_its_figures(house: ModelHouse) -> None:
    await house.deliver(*(flower(number) for number in range(20)))

    page = (await house.headrace.get("/metrics")).body.decode()

    sink = f'sink="{NAME}"'
    assert (
        re.search(rf"headrace_sink_events_total{{result=\"ok\",{sink},variant=\"\"}} 20", page)
        or f'headrace_sink_events_total{{{sink},variant="",result="ok"}} 20.0' in page
    )
    assert f'headrace_sink_backlog{{{sink},trigger="default/classify"}} 0.0' in page
