"""Sources over the admin interface: the list, one of them, and its valve."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.access.roles import Role
from tests.deploy.asking import Asking, make_asking
from tests.deploy.shown_fleet import FAILURE, MOMENT, ShownFleet, view

SOURCES = "/api/v1/sources"
ORDERS = f"{SOURCES}/default/orders"


@pytest.fixture
async def admin(tmp_path: Path) -> AsyncIterator[Asking]:
    asking = await make_asking(tmp_path)
    yield asking
    await asking.close()


@pytest.fixture
def fleet(admin: Asking) -> ShownFleet:
    failing = view("default/beat", state="retrying", connected=False, lag=None, last_error=FAILURE,
                   retry_at=MOMENT, rate_per_second=None)  # fmt: skip
    made = ShownFleet(admin.running, view(), failing, view("team/orders"))
    admin.running.sources = made
    return made


async def test_a_list_has_every_source_by_name(admin: Asking, fleet: ShownFleet) -> None:
    first = (await admin.ask("GET", f"{SOURCES}?limit=2")).json
    second = (await admin.ask("GET", f"{SOURCES}?limit=2&cursor={first['next']}")).json

    names = [item["name"] for page in (first, second) for item in page["items"]]
    assert names == ["default/beat", "default/orders", "team/orders"]
    assert second["next"] is None


async def test_a_source_is_listed_with_its_lag_and_rate(admin: Asking, fleet: ShownFleet) -> None:
    _, item, _ = (await admin.ask("GET", SOURCES)).json["items"]

    assert (item["kind"], item["state"], item["connected"]) == ("KafkaSource", "connected", True)
    assert (item["lag"], item["rate_per_second"], item["events"]) == (312, 20.46, 1204)
    assert (item["position"], item["last_error"]) == ("orders: 0=7", None)
    assert item["last_event_at"] == "2026-03-01T09:30:00.000Z"


async def test_what_failed_says_when_why_and_what_to_do(admin: Asking, fleet: ShownFleet) -> None:
    item, *_ = (await admin.ask("GET", SOURCES)).json["items"]

    assert item["last_error"] == {
        "code": "unavailable",
        "message": "no broker answers at kafka:9092",
        "remedy": "see that it runs",
        "at": "2026-03-01T09:30:00.000Z",
    }
    assert item["retry_at"] == "2026-03-01T09:30:00.000Z"
    assert (item["lag"], item["rate_per_second"]) == (None, None)


async def test_one_is_shown_as_it_is_configured(admin: Asking, fleet: ShownFleet) -> None:
    shown = (await admin.ask("GET", ORDERS)).json

    assert shown["spec"] == {"spec": {"topics": ["orders"]}}
    assert (shown["detail"], shown["pause"]) == ("kafka 4.1", None)


async def test_a_pause_is_by_somebody_for_a_reason(admin: Asking, fleet: ShownFleet) -> None:
    first = await admin.ask("POST", f"{ORDERS}/pause", {"reason": "the topic moves"})
    second = await admin.ask("POST", f"{ORDERS}/pause", {})
    shown = (await admin.ask("GET", ORDERS)).json

    assert first.json == {"source": "default/orders", "paused": True, "changed": True}
    assert second.json["changed"] is False
    assert fleet.acts[0] == ("pause", "default/orders", "local", "the topic moves")
    assert shown["state"] == "paused"
    assert (shown["pause"]["by"], shown["pause"]["reason"]) == ("local", "the topic moves")


async def test_a_resumed_source_is_not_paused_any_more(admin: Asking, fleet: ShownFleet) -> None:
    await admin.ask("POST", f"{ORDERS}/pause", {})

    told = await admin.ask("POST", f"{ORDERS}/resume", {"reason": "moved"})
    again = await admin.ask("POST", f"{ORDERS}/resume", {})

    assert told.json == {"source": "default/orders", "paused": False, "changed": True}
    assert again.json["changed"] is False
    assert (await admin.ask("GET", ORDERS)).json["pause"] is None


@pytest.mark.parametrize(("method", "verb"), [("GET", ""), ("POST", "/pause"), ("POST", "/resume")])
async def test_a_source_that_is_none_is_not_found(
    admin: Asking, fleet: ShownFleet, method: str, verb: str
) -> None:
    told = await admin.ask(method, f"{SOURCES}/default/none{verb}", {} if verb else None)

    assert (told.status, told.json["code"]) == (404, "not-found")
    assert told.json["remedy"] == "headrace sources lists them"


async def test_before_sources_start_there_are_none(admin: Asking) -> None:
    listed, one = await admin.ask("GET", SOURCES), await admin.ask("GET", ORDERS)

    assert (listed.status, listed.json) == (200, {"items": [], "next": None})
    assert one.status == 404


async def test_who_sees_no_payload_does_not_read_what_an_origin_said(
    admin: Asking, fleet: ShownFleet
) -> None:
    await admin.token("admin", Role.ADMIN)
    looker = await admin.token("looker", Role.VIEWER_WITHOUT_PAYLOAD)

    told = await admin.ask("GET", SOURCES, token=looker)

    error = told.json["items"][0]["last_error"]
    assert (error["code"], error["message"]) == ("unavailable", None)
    assert "kafka:9092" not in json.dumps(told.json)


async def test_looking_is_not_steering(admin: Asking, fleet: ShownFleet) -> None:
    await admin.token("admin", Role.ADMIN)
    viewer = await admin.token("viewer", Role.VIEWER)

    told = await admin.ask("POST", f"{ORDERS}/pause", {}, token=viewer)

    assert told.status == 403
    assert fleet.acts == []
