"""What the admin listener refuses: always as problem+json, never with an error of ours."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from broker.clock import SteadyClock
from broker.errors import Invalid
from broker.telemetry import Telemetry
from deploy.addresses import Address
from deploy.admin.listener import AdminListener
from deploy.running import Running
from tests.deploy.living import Got, Living, event, living
from triggers.pool import Pool


@pytest.fixture
async def headrace(tmp_path: Path) -> AsyncIterator[Living]:
    async with living(tmp_path) as one:
        yield one


def problem(got: Got, status: int) -> Any:
    """The problem+json of a refusal."""
    assert got.status == status
    assert got.headers["content-type"] == "application/problem+json"
    assert got.json["status"] == status
    return got.json


NOWHERE = (
    "triggers/default/nobody", "events/nothing", "events?broker=nowhere", "dead-letters/nothing",
    "nothing", "../../nothing",
)  # fmt: skip
SENSELESS = (
    "events?limit=0", "events?limit=1001", "events?limit=many", "events?cursor=0",
    "events?cursor=x", "events?since=yesterday", "events?since=2026-01-01T00:00:00",
    "dead-letters?cursor=nonsense", "dead-letters?cursor=%00", "dead-letters?limit=-1",
    "dead-letters?cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OmE", "dead-letter-groups?limit=0",
)  # fmt: skip
ODD = (
    f"events?cursor={2**63}", f"events?cursor={10**40}", "events/%00", "events/%FF%FE",
    "events?since=0001-01-01T00:00:00%2B14:00", "events?since=9999-12-31T23:59:59-14:00",
    "dead-letters?trigger=%00", "triggers/%00/%00", "dead-letters/%F0%9F", "events/" + "x" * 5000,
)  # fmt: skip


async def test_what_is_not_there_is_404_with_a_remedy(headrace: Living) -> None:
    for path in NOWHERE:
        told = problem(await headrace.get(f"/api/v1/{path}"), 404)

        assert (told["code"], bool(told["remedy"])) == ("not-found", True), path


async def test_a_senseless_question_is_400_and_says_why(headrace: Living) -> None:
    for query in SENSELESS:
        told = problem(await headrace.get(f"/api/v1/{query}"), 400)

        assert told["detail"], query


async def test_no_question_makes_an_error_of_ours(headrace: Living) -> None:
    await headrace.publish(event(1))

    statuses = {query: (await headrace.get(f"/api/v1/{query}")).status for query in ODD}

    assert max(statuses.values()) < 500, statuses


async def test_nothing_is_changed_by_asking(headrace: Living) -> None:
    json = {"content-type": "application/json"}
    got = await headrace.get("/api/v1/brokers", method="POST", **json)

    told = problem(got, 405)
    assert told["code"] == "method-not-allowed"
    assert told["remedy"].startswith("send GET;")
    assert got.headers["allow"] == "GET"


STRANGE = ("evil.example", "127.0.0.1.evil.example:80", "", "[", "[::1", "localhost.", "0.0.0.0")
OWN = ("localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:8081")


async def test_it_answers_under_its_own_names_only(headrace: Living) -> None:
    for host in OWN:
        assert (await headrace.get("/api/v1/brokers", host=host)).status == 200

    for host in STRANGE:
        told = problem(await headrace.get("/api/v1/brokers", host=host), 421)
        assert told["code"] == "wrong-host"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
async def test_beyond_loopback_it_does_not_listen_without_tokens(host: str) -> None:
    clock = SteadyClock()
    running = Running(clock, Telemetry(), Pool(clock.monotonic))
    listener = AdminListener(running, Address(host, 0))

    with pytest.raises(Invalid) as refused:
        await listener.start()

    assert (refused.value.code, refused.value.where) == ("admin-exposed", "--admin")
