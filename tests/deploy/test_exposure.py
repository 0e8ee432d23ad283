"""A process whose admin listener is to be asked from elsewhere."""

from pathlib import Path

import pytest

from broker.clock import SteadyClock
from broker.errors import Invalid
from deploy.access.offline import create_token
from deploy.access.roles import Role
from deploy.addresses import Address
from tests.deploy.living import living

EVERYWHERE = Address("0.0.0.0", 0)


async def test_without_a_token_it_starts_nothing_beyond_loopback(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as refused:
        async with living(tmp_path, admin=EVERYWHERE):
            pytest.fail("it started")

    assert (refused.value.code, refused.value.where) == ("admin-exposed", "--admin")
    assert "headrace tokens create admin --role admin --data DIR" in str(refused.value)


async def test_with_a_token_it_answers_those_who_have_one(tmp_path: Path) -> None:
    _, text = create_token(tmp_path / "data", "first", Role.ADMIN, None, SteadyClock())

    async with living(tmp_path, admin=EVERYWHERE, admin_hosts=("admin.example",)) as headrace:
        own, other = {"host": "admin.example"}, {"host": "evil.test"}
        bearer = {"authorization": f"Bearer {text}"}
        statuses = [
            (await headrace.get("/api/v1/brokers", **headers)).status
            for headers in (own | bearer, own, other | bearer, {"host": "192.0.2.9"} | bearer)
        ]
        health = (await headrace.get("/healthz")).status

    assert (statuses, health) == ([200, 401, 421, 200], 200)
    assert "admin.exposed" in headrace.log.getvalue()


async def test_a_token_made_while_it_runs_counts_from_then_on(tmp_path: Path) -> None:
    async with living(tmp_path) as headrace:
        book = headrace.process.running.tokens
        assert book is not None
        before = (await headrace.get("/api/v1/tokens")).status
        _, text = await book.create("first", Role.ADMIN, None, "local")
        after = await headrace.get("/api/v1/tokens")
        signed_in = await headrace.get("/api/v1/tokens", authorization=f"Bearer {text}")

    assert (before, after.status, signed_in.status) == (200, 401, 200)
    assert after.headers["www-authenticate"].startswith("Bearer")
