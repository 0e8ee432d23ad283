"""A redrive that goes elsewhere, from its page: who gets it is said before it is done."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from broker.storage.rows import Checkpoint
from deploy.access.roles import Role
from tests.console.conftest import Reader
from tests.contracts.store import letter
from tests.deploy.asking import make_asking

PLANS = "/dead-letters/plans"


@pytest.fixture
async def operator(tmp_path: Path) -> AsyncIterator[Reader]:
    """Of a broker with one dead letter."""
    asking = await make_asking(tmp_path)
    written: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    log = asking.running.brokers["default/b"].engine.log
    log.checkpoint(Checkpoint(dead_letters=(letter("x"),)), written.set_result)
    await written
    reader = Reader(asking)
    await reader.sign_in(await asking.token("ann", Role.ADMIN))
    yield reader
    await asking.close()


async def page_of(operator: Reader, **fields: str) -> str:
    made = await operator.post(PLANS, verb="redrive", where="TRUE", **fields)
    assert made.status == 303, made.body.decode()
    return (await operator.get(made.headers["location"])).body.decode()


async def test_a_plan_of_its_own_trigger_offers_to_send_them_elsewhere(operator: Reader) -> None:
    page = await page_of(operator)

    assert "Send them elsewhere" in page
    assert '<select name="to_sink">' in page
    assert 'name="where" value="TRUE"' in page
    assert '<option value="default/b">default/b, their own</option>' in page


async def test_to_a_broker_the_page_says_who_gets_it_and_offers_no_canary(operator: Reader) -> None:
    page = await page_of(operator, to_broker=".")

    assert "every trigger of default/b that matches gets it again" in page
    assert "Publish 1 again, to every trigger of default/b" in page
    assert "Canary first" not in page


async def test_a_sink_that_is_not_there_is_refused(operator: Reader) -> None:
    told = await operator.post(PLANS, verb="redrive", where="TRUE", to_sink="nobody")

    assert told.status >= 400
    assert "there is no sink default/nobody" in told.body.decode()


async def test_a_sink_and_a_url_are_one_too_many(operator: Reader) -> None:
    told = await operator.post(
        PLANS, verb="redrive", where="TRUE", to_sink="archive", to_url="http://h/"
    )

    assert told.status == 400
    assert "a redrive goes to one place" in told.body.decode()


async def test_a_url_that_may_not_be_reached_is_refused(operator: Reader) -> None:
    told = await operator.post(PLANS, verb="redrive", where="TRUE", to_url="http://127.0.0.1:1/")

    assert told.status == 400
    assert "the address of the sink is not public" in told.body.decode()
