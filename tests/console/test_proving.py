"""The second sign-in: what is asked of many long after the first goes on with the token."""

from datetime import timedelta

import pytest

from deploy.access.roles import Role
from tests.console.conftest import Reader
from tests.deploy.asking import Asking

LATER = timedelta(hours=1)


@pytest.fixture
async def tokens(admin: Asking) -> dict[str, str]:
    await admin.token("admin", Role.ADMIN)
    return {name: await admin.token(name, Role.OPERATOR) for name in ("ann", "ben")}


@pytest.fixture
async def ann(admin: Asking, tokens: dict[str, str]) -> Reader:
    """Signed in an hour ago."""
    reader = Reader(admin)
    await reader.sign_in(tokens["ann"])
    admin.clock.seconds += LATER.total_seconds()
    return reader


async def plan_of(reader: Reader) -> str:
    """The address of a plan to discard what is dead, which is nothing."""
    made = await reader.post("/dead-letters/plans", verb="restore")
    return made.headers["location"]


async def test_the_page_that_asks_for_the_token_keeps_what_was_asked(ann: Reader) -> None:
    place = await plan_of(ann) + "/act"

    told = await ann.post(place, reason='it was "me"')

    text = told.body.decode()
    assert told.status == 403
    assert f'action="{place}"' in text
    assert 'name="reason" value="it was &#34;me&#34;"' in text
    assert "Token of ann" in text


async def test_with_the_token_it_goes_on(ann: Reader, tokens: dict[str, str]) -> None:
    place = await plan_of(ann)

    done = await ann.post(f"{place}/act", reason="", proof=tokens["ann"])
    again = await ann.post(f"{place}/act", reason="")

    assert (done.status, done.headers["location"].partition("?")[0]) == (303, place)
    assert again.status == 303, "it counts for a while"


@pytest.mark.parametrize(("whose", "says"), [("ben", "a token of ben"), ("", "does not count")])
async def test_another_token_does_not_do(
    ann: Reader, tokens: dict[str, str], whose: str, says: str
) -> None:
    place = await plan_of(ann)

    told = await ann.post(f"{place}/act", reason="kept", proof=tokens.get(whose, "hr_wrong"))
    still = await ann.post(f"{place}/act", reason="")

    text = told.body.decode()
    assert (told.status, still.status) == (403, 403)
    assert says in text
    assert 'value="kept"' in text
    assert "hr_wrong" not in text


async def test_a_page_that_was_only_to_be_loaded_is_loaded_after_the_token(
    ann: Reader, tokens: dict[str, str]
) -> None:
    place = f"{await plan_of(ann)}/export?format=ndjson"

    asked = await ann.get(place)
    done = await ann.post("/prove", proof=tokens["ann"], next=place)
    export = await ann.get(place)

    assert 'action="/prove"' in asked.body.decode()
    assert (done.status, done.headers["location"]) == (303, place)
    assert export.headers["location"].startswith("/api/v1/dead-letters/export")


async def test_the_second_sign_in_is_in_the_audit(ann: Reader, tokens: dict[str, str]) -> None:
    await ann.post("/prove", proof=tokens["ann"], next="/")

    told = await ann.get("/audit")

    assert "again, from 127.0.0.1" in told.body.decode()


async def test_what_is_done_to_one_takes_no_second_sign_in(ann: Reader) -> None:
    told = await ann.post("/triggers/default/t/pause")

    assert told.status == 404


async def test_what_a_role_forbids_is_no_question_of_a_token(admin: Asking) -> None:
    await admin.token("admin", Role.ADMIN)
    reader = Reader(admin)
    await reader.sign_in(await admin.token("vic", Role.VIEWER))

    told = await reader.post("/triggers/default/t/pause")

    assert told.status == 403
    assert b"once more" not in told.body
