"""Sessions: how long a cookie counts, how many there are, and whose shadow it is."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from deploy.access.roles import Role
from deploy.access.sessions import LIFETIME, SESSIONS_MAX, Sessions
from tests.deploy.asking import Asking, make_asking


@pytest.fixture
async def admin(tmp_path: Path) -> AsyncIterator[Asking]:
    asking = await make_asking(tmp_path)
    await asking.token("admin", Role.ADMIN)
    yield asking
    await asking.close()


async def test_a_session_stands_for_its_token(admin: Asking) -> None:
    sessions = Sessions(admin.clock)
    cookie, begun = sessions.begin(await admin.token("ann", Role.VIEWER))

    found = sessions.find(cookie, admin.book)

    assert found is not None
    assert found[0] == begun
    assert (found[1].name, found[1].role) == ("ann", Role.VIEWER)


async def test_a_session_ends_after_its_lifetime(admin: Asking) -> None:
    sessions = Sessions(admin.clock)
    cookie, _ = sessions.begin(await admin.token("ann", Role.VIEWER))

    admin.clock.seconds += LIFETIME.total_seconds() - 1
    before = sessions.find(cookie, admin.book)
    admin.clock.seconds += 1

    assert before is not None
    assert sessions.find(cookie, admin.book) is None
    assert len(sessions) == 0


async def test_a_session_ends_with_its_token(admin: Asking) -> None:
    sessions = Sessions(admin.clock)
    revoked, _ = sessions.begin(await admin.token("ann", Role.VIEWER))
    lifetime = timedelta(hours=1)
    expired, _ = sessions.begin(await admin.token("bob", Role.VIEWER, lifetime))

    await admin.book.revoke("ann", "admin")
    admin.clock.seconds += 3600

    assert sessions.find(revoked, admin.book) is None
    assert sessions.find(expired, admin.book) is None


async def test_of_too_many_sessions_the_first_ends(admin: Asking) -> None:
    sessions = Sessions(admin.clock)
    token = await admin.token("ann", Role.VIEWER)

    cookies = [sessions.begin(token)[0] for _ in range(SESSIONS_MAX + 1)]

    assert len(sessions) == SESSIONS_MAX
    assert sessions.find(cookies[0], admin.book) is None
    assert sessions.find(cookies[1], admin.book) is not None


async def test_what_is_kept_of_a_cookie_lets_nobody_in(admin: Asking) -> None:
    sessions = Sessions(admin.clock)
    cookie, session = sessions.begin(await admin.token("ann", Role.VIEWER))

    assert cookie not in repr(vars(sessions))
    assert not session.proves(cookie)
    assert not session.proves("\ud800")
