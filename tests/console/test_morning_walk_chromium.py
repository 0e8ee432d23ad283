"""The worst morning, walked from the console alone: forty thousand dead letters of five causes.

Two thousand here; all of them where HEADRACE_LONG is set.
"""

import json
import os
import re
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from deploy.examples.broken_model import WRONG_EVERY, night
from tests.console.bad_night import SEED, Morning, bad_night
from tests.console.browsing import browsing
from tests.console.hand import Hand

pytestmark = pytest.mark.asyncio(loop_scope="session")

EVENTS = 40_000 if os.environ.get("HEADRACE_LONG") else 2_000
SMALL_EVENTS = 600
ACTIONS_MAX = 15
REDRIVE_SECONDS_MAX = 600.0
CAUSES = (
    "amount must be a number",
    "ZeroDivisionError: float division by zero",
    "model fraud-ch has no version",
    "model fraud-business is still loading",
    "the connection closed without an answer",
)
LARGEST = "tr:has-text('amount must be') >> text=an example"


def shown(number: int) -> str:
    """As the console writes it."""
    return f"{number:,}".replace(",", "\u202f")


def scores_in(file: Path) -> Counter[str]:
    """How often each order was scored, by its id."""
    lines = file.read_bytes().splitlines()
    return Counter(json.loads(line)["id"].removeprefix("score-") for line in lines)


def good_orders() -> list[str]:
    """All of the night but those that are wrong themselves."""
    return [one.id for one in night(EVENTS, SEED) if b"unknown" not in (one.data or b"")]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def small(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Morning]:
    """For walks that leave all groups as they found them, but for a letter of the largest."""
    async with bad_night(tmp_path_factory.mktemp("small"), SMALL_EVENTS) as morning:
        yield morning


async def test_the_worst_morning_takes_fifteen_actions(browser: Browser, tmp_path: Path) -> None:
    async with (
        bad_night(tmp_path, EVENTS) as morning,
        browsing(browser, morning.url) as visitor,
    ):
        hand = Hand(visitor)
        await hand.go("/")
        assert shown(EVENTS) in await hand.looks("walk-01-overview")
        await hand.click("nav >> text=Dead letters")
        groups = await hand.looks("walk-02-groups")
        await hand.click(LARGEST)
        letter = await hand.looks("walk-03-example")
        await hand.click("text=Compare with one that was delivered")
        difference = await hand.looks("walk-04-difference")
        await morning.mend()  # elsewhere: whoever owns the model has been told
        await hand.click("nav >> text=Dead letters")
        await hand.click("text=Redrive all that is dead …")
        plan = await hand.looks("walk-05-plan")
        await hand.click("text=Rate, a second")
        await hand.type("2000")
        await hand.click(f"button:text('Redrive {shown(EVENTS)}')")
        await hand.looks("walk-06-job")
        await hand.waits_for("#live .badge:text-is('done')", REDRIVE_SECONDS_MAX)
        job = await hand.looks("walk-07-done")
        await hand.click("nav >> text=Dead letters")
        rest = await hand.looks("walk-08-rest")
        await hand.click("text=an example")
        wrong = await hand.looks("walk-09-wrong-itself")
        await morning.program.terminate()

    assert all(cause in groups for cause in CAUSES)
    assert "amount must be a number, and is '" in letter
    assert "/amount" in difference
    assert f"Redrive {shown(EVENTS)} dead letters?" in plan
    assert f"Delivered\n{shown(EVENTS - EVENTS // WRONG_EVERY)}" in job
    assert len(hand.done) <= ACTIONS_MAX, hand.done
    assert re.findall(r"^(\d+)\n", rest, re.MULTILINE) == [str(EVENTS // WRONG_EVERY)]
    assert "amount must be a number, and is 'unknown'" in wrong
    assert scores_in(morning.scores) == Counter(good_orders())
    assert visitor.wrongs == []


async def test_a_wrong_field_is_mended_and_its_delivery_succeeds(
    browser: Browser, small: Morning
) -> None:
    async with browsing(browser, small.url) as visitor:
        hand, page = Hand(visitor), visitor.page
        await hand.go("/dead-letters")
        await hand.click(LARGEST)
        await hand.click("text=Edit and redrive …")
        event = json.loads(await page.input_value("#text"))
        event["data"]["amount"] = 12.5
        await hand.click("#text")
        await hand.type(json.dumps(event, indent=2))
        await hand.click("input[name=reason]")
        await hand.type("the shop wrote its amount as text")
        await hand.click("text=Show what changes")
        changes = await hand.looks("walk-edit-changes")
        await hand.click("text=Send the edited event")
        await hand.looks("walk-edit-sent")
        await hand.waits_for(".badge:text-is('redriven-edited')")
        edited = await hand.looks("walk-edit-done")

    assert "/amount" in changes
    assert "redriven-edited" in edited
    assert len(hand.done) <= ACTIONS_MAX, hand.done
    assert visitor.wrongs == []


async def test_a_group_is_discarded_with_its_count_typed_and_restored(
    browser: Browser, small: Morning
) -> None:
    async with browsing(browser, small.url) as visitor:
        hand, page = Hand(visitor), visitor.page
        await hand.go("/dead-letters")
        await hand.click("tr:has-text('connection closed') >> td.n >> a")
        await hand.click("button:text('Discard')")
        (count,) = re.findall(r"Type (\d+) to confirm", await hand.looks("walk-discard-plan"))
        await hand.click("input[name=typed]")
        await hand.type(count)
        await hand.click("input[name=reason]")
        await hand.type("carts that nobody meant")
        await hand.click("button.danger")
        discarded = await page.inner_text("[role=status]")
        await hand.click("text=What is discarded")
        await hand.looks("walk-discarded")
        await hand.click("text=Restore what is discarded …")
        await hand.click(f"button:text('Restore {count}')")
        restored = await page.inner_text("[role=status]")

    assert discarded.startswith(f"{count} discarded")
    assert restored.startswith(f"{count} restored")
    assert len(hand.done) <= ACTIONS_MAX, hand.done
    assert visitor.wrongs == []
