"""Pages drawn from the examples of the interface: what it says it answers can be shown."""

from typing import Any

import pytest

from deploy.access.roles import LOCAL, Principal, Role
from deploy.admin.file_view import EXAMPLE as FILE
from deploy.admin.plan_view import PLAN
from deploy.admin.replay_view import EXAMPLE as REPLAY
from deploy.console.pages import rendered
from deploy.console.plans import is_going_on
from tests.deploy.asking import Asking

VIEWER = Principal("vic", Role.VIEWER)


async def page(admin: Asking, template: str, by: Principal = LOCAL, **told: Any) -> str:
    scope = {
        "type": "http", "method": "GET", "path": "/x", "headers": [], "app": admin.app,
        "state": {"principal": by, "session": admin.app.state.sessions.local},
    }  # fmt: skip
    part = template.replace(".html", "-live.html")
    live = {"live": part, "stream": "", "ending": None, "done": ""}
    return await rendered(scope, template, {**live, **told})


async def test_a_file_under_way_can_be_paused_and_cancelled(admin: Asking) -> None:
    text = await page(admin, "file.html", one=FILE)

    assert "in/iris.csv" in text
    assert f"/jobs/files/{FILE['id']}/pause" in text
    assert f"/jobs/files/{FILE['id']}/cancel" in text


async def test_of_a_file_that_has_ended_what_failed_can_be_tried_again(admin: Asking) -> None:
    ended = {"state": "completed", "ended_at": FILE["created_at"], "failed": 10}

    text = await page(admin, "file.html", one={**FILE, **ended})

    assert "Retry the 10 that failed" in text
    assert "/cancel" not in text


@pytest.mark.parametrize(("state", "verb"), [("running", "pause"), ("paused", "resume")])
async def test_a_replay_shows_the_valve_that_it_has(admin: Asking, state: str, verb: str) -> None:
    text = await page(admin, "replay.html", one={**REPLAY, "state": state})

    assert f"/jobs/replays/{REPLAY['id']}/{verb}" in text


async def test_a_viewer_sees_the_valves_shut_and_why(admin: Asking) -> None:
    text = await page(admin, "replay.html", VIEWER, one=REPLAY)

    assert "vic has the role viewer, and this takes operator" in text
    assert text.count("<button") - text.count('name="theme"') == text.count(
        'disabled aria-describedby="why-not"'
    )


async def test_a_plan_that_is_gone_through_shows_how_far_it_is(admin: Asking) -> None:
    acted = {"acted_at": PLAN["made_at"], "outcome": {"moved": 90, "refused": {"gone": 10}}}
    plan = {**PLAN, **acted, "verb": "discard", "passed": 100}

    text = await page(admin, "plan.html", one=plan, refused=None)

    assert is_going_on(plan)
    assert not is_going_on({**plan, "is_over": True})
    assert "100 of 412 are gone through" in text
    assert "90 changed, 10 not: gone" in text
