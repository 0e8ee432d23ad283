"""Acts on many: a browser's session has to have proved its token a short time ago."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from deploy.access.roles import Role
from deploy.access.sessions import PROOF_KEPT, Session, Sessions
from tests.deploy.asking import Asking, Told, make_asking

MANY = {"ids": ["a", "b"]}
REDRIVE = "/api/v1/dead-letters/redrive"


@dataclass
class Browser:
    """A browser of an operator, signed in just now."""

    asking: Asking
    token: str
    cookie: str
    session: Session

    @property
    def sessions(self) -> Sessions:
        found: Sessions = self.asking.app.state.sessions
        return found

    async def redrive(self, *ids: str) -> Told:
        headers = {
            "cookie": f"headrace-session-8081={self.cookie}",
            "headrace-csrf": self.session.csrf,
        }
        return await self.asking.ask("POST", REDRIVE, {"ids": list(ids)}, headers)

    def wait(self, by: timedelta) -> None:
        self.asking.clock.seconds += by.total_seconds()


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    asking = await make_asking(tmp_path)
    await asking.token("admin", Role.ADMIN)
    token = await asking.token("ann", Role.OPERATOR)
    yield Browser(asking, token, *asking.app.state.sessions.begin(token))
    await asking.close()


async def test_an_act_on_many_needs_a_token_given_a_short_time_ago(browser: Browser) -> None:
    at_once = await browser.redrive("a", "b")
    browser.wait(PROOF_KEPT)
    later = await browser.redrive("a", "b")

    assert at_once.status == 200
    assert (later.status, later.json["code"]) == (403, "stale-session")
    assert "over 15 min ago" in later.json["detail"]
    assert later.json["remedy"]


async def test_with_the_token_given_again_it_goes_on(browser: Browser) -> None:
    browser.wait(PROOF_KEPT)

    is_proved = browser.sessions.prove(browser.cookie, browser.token)
    told = await browser.redrive("a", "b")

    assert (is_proved, told.status) == (True, 200)


async def test_the_token_of_somebody_else_proves_nothing(browser: Browser) -> None:
    other = await browser.asking.token("bob", Role.OPERATOR)
    browser.wait(PROOF_KEPT)

    is_proved = [
        browser.sessions.prove(browser.cookie, other),
        browser.sessions.prove(browser.cookie, "no token"),
        browser.sessions.prove("no cookie", browser.token),
    ]

    assert is_proved == [False, False, False]
    assert (await browser.redrive("a", "b")).status == 403


async def test_one_dead_letter_needs_no_new_proof(browser: Browser) -> None:
    browser.wait(PROOF_KEPT)

    told = await browser.redrive("a")

    assert told.status == 200


async def test_a_proof_does_not_lengthen_the_session(browser: Browser) -> None:
    ends_at = browser.session.ends_at
    browser.wait(PROOF_KEPT)
    browser.sessions.prove(browser.cookie, browser.token)

    found = browser.sessions.find(browser.cookie, browser.asking.book)

    assert found is not None
    assert (found[0].ends_at, found[0].csrf) == (ends_at, browser.session.csrf)


async def test_programs_are_not_asked_again(browser: Browser) -> None:
    browser.wait(PROOF_KEPT)

    told = await browser.asking.ask("POST", REDRIVE, MANY, token=browser.token)

    assert told.status == 200


async def test_where_nobody_has_a_token_nobody_is_asked_for_one(tmp_path: Path) -> None:
    asking = await make_asking(tmp_path)
    asking.clock.seconds += PROOF_KEPT.total_seconds()

    told = await asking.ask("POST", REDRIVE, MANY)
    await asking.close()

    assert told.status == 200


async def test_how_long_a_proof_counts_can_be_chosen(browser: Browser) -> None:
    sessions = Sessions(browser.asking.clock, proof_kept=timedelta(minutes=2))
    _, session = sessions.begin(browser.token)

    browser.wait(timedelta(seconds=119))
    before = sessions.is_recent(session)
    browser.wait(timedelta(seconds=1))

    assert (before, sessions.is_recent(session)) == (True, False)
