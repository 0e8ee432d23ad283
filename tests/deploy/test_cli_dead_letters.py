"""The verbs of `headrace dead-letters`: what they ask, what they say, how they end."""

import json
from typing import Any

import pytest

WHERE = ("--where", "reason = 'age'")
PLAN: dict[str, Any] = {
    "id": "p1", "verb": "redrive", "count": 2, "groups": 2, "rate": 50.0, "seconds": 0.04,
    "to_sink": None, "to_broker": None, "bytes": 2_048, "by_age": {"hour": 1, "day": 0, "week": 1},
    "warnings": [], "outcome": None, "passed": 2, "is_over": True, "by_group": [
        {"group": "g1", "trigger": "default/classify", "reason": "age", "status": None,
         "pattern": "too old", "count": 1},
        {"group": "g2", "trigger": "default/classify", "reason": "age", "status": None,
         "pattern": "too late", "count": 1},
    ],
}  # fmt: skip
TALLY = {
    "started": 2, "delivered": 2, "failed_again": 0, "waiting": 0, "refused": 0, "other": 0,
}  # fmt: skip
JOB: dict[str, Any] = {
    "id": "p1", "state": "done", "why": "", "count": 2, "tally": TALLY, "left": 0,
    "refused_by": {}, "failed_by_group": [], "ended_at": "2026-01-01T00:00:09Z",
    "to_sink": None, "to_broker": None,
}  # fmt: skip
PLANS = "/api/v1/dead-letters/plans"
ACT = f"{PLANS}/p1/act"


def item(id: str, group: str = "g1") -> dict[str, Any]:
    return {"id": id, "reason": "age", "group": group, "trigger": "default/classify"}


@pytest.fixture
def desk(peer: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A plan of two dead letters, both delivered when they are redriven."""
    monkeypatch.setenv("HEADRACE_ADMIN", peer.url)
    peer.script(PLANS, 200, PLAN)
    peer.script(f"{PLANS}/p1", 200, PLAN)
    peer.script(ACT, 200, {"plan": PLAN, "job": JOB, "is_new": True})
    return peer


def answer_with(desk: Any, **more: Any) -> None:
    """Let acting on the plan give a job with these facts."""
    desk.script(ACT, 200, {"plan": PLAN, "job": {**JOB, **more}, "is_new": True})


def posted(desk: Any, path: str) -> list[Any]:
    """The bodies of the POSTs to a path."""
    return [json.loads(one.body) for one in desk.asked if one.target == path and one.body]


def test_a_redrive_makes_a_plan_and_acts_on_it(desk: Any, headrace: Any) -> None:
    ran = headrace("dead-letters", "redrive", *WHERE, "--yes", "--reason", "mended")

    assert (ran.exit_code, ran.err) == (0, "")
    assert ran.out.splitlines()[-1] == "2 redriven, 2 delivered"
    assert posted(desk, PLANS) == [{"verb": "redrive", "where": "reason = 'age'"}]
    assert posted(desk, ACT) == [
        {"rate": 50.0, "canary": None, "abort_above": 0.2, "reason": "mended"}
    ]


def test_a_plan_that_was_shown_is_acted_on_by_its_id(desk: Any, headrace: Any) -> None:
    ran = headrace("dead-letters", "redrive", "--plan", "p1", "--canary", 5, "--rate", 20)

    assert ran.exit_code == 0
    assert posted(desk, PLANS) == []
    assert posted(desk, ACT)[0] | {"reason": ""} == {
        "rate": 20.0, "canary": 5, "abort_above": 0.2, "reason": "",
    }  # fmt: skip


def test_a_plan_keeps_the_rate_that_was_shown_unless_another_is_said(
    desk: Any, headrace: Any
) -> None:
    desk.script(f"{PLANS}/p1", 200, {**PLAN, "rate": 10.0})

    headrace("dead-letters", "redrive", "--plan", "p1")

    assert posted(desk, ACT)[0]["rate"] == 10.0


def test_a_plan_of_a_broker_is_no_choice(desk: Any, headrace: Any) -> None:
    ran = headrace("dead-letters", "redrive", "--plan", "p1", "--broker", "orders")

    assert ran.exit_code == 1
    assert "leave out ids, --where, --group, --broker" in ran.err


def test_what_failed_again_is_said_and_ends_with_1(desk: Any, headrace: Any) -> None:
    answer_with(desk, tally={**TALLY, "delivered": 1, "failed_again": 1})

    ran = headrace("dead-letters", "redrive", *WHERE, "--yes")

    assert ran.exit_code == 1
    assert "1 delivered, 1 failed again" in ran.out


def test_an_aborted_job_says_why_and_ends_with_1(desk: Any, headrace: Any) -> None:
    answer_with(desk, state="aborted", why="3 of 10 failed again", left=90)

    ran = headrace("dead-letters", "redrive", *WHERE, "--yes")

    assert ran.exit_code == 1
    assert ran.out.endswith("90 not sent; job p1 is aborted: 3 of 10 failed again\n")


def test_what_was_refused_is_said_and_ends_with_1(desk: Any, headrace: Any) -> None:
    tally = {**TALLY, "started": 1, "delivered": 1, "refused": 1}
    answer_with(desk, tally=tally, refused_by={"trigger-gone": 1})

    ran = headrace("dead-letters", "redrive", "a", "b")

    assert ran.exit_code == 1
    assert "1 left as they were (trigger-gone)" in ran.out


def test_a_job_that_nobody_waits_for_says_how_it_stands(desk: Any, headrace: Any) -> None:
    tally = {**TALLY, "delivered": 0, "waiting": 2}
    answer_with(desk, tally=tally, state="running", ended_at=None)

    ran = headrace("dead-letters", "redrive", "a", "b", "--no-wait")

    assert (ran.exit_code, ran.out.splitlines()[-1]) == (
        0, "2 redriven, 2 still on their way; job p1 is running",
    )  # fmt: skip


def test_a_dry_run_shows_the_plan_and_does_nothing(desk: Any, headrace: Any) -> None:
    ran = headrace("dead-letters", "redrive", *WHERE, "--dry-run")

    assert ran.exit_code == 0
    assert "default/classify" in ran.out
    assert ran.out.endswith("2 dead letters to redrive; nothing was done\n")
    assert "this is plan p1" in ran.err
    assert posted(desk, ACT) == []


def test_a_plan_says_how_much_and_how_old(desk: Any, headrace: Any) -> None:
    ran = headrace("dead-letters", "redrive", *WHERE, "--dry-run")

    said = "2 dead letters, 2.0 KiB of events: 1 from the last hour, 1 from the last week"
    assert said in ran.out


@pytest.mark.parametrize(
    ("verb", "more"), [("discard", ("--reason", "tests", "--count", 2)), ("restore", ())]
)
def test_a_plan_that_was_shown_is_acted_on_by_every_verb(
    desk: Any, headrace: Any, verb: str, more: tuple[Any, ...]
) -> None:
    done = {**PLAN, "verb": verb, "seconds": None, "outcome": {"moved": 2, "refused": {}}}
    desk.script(f"{PLANS}/p1", 200, done)
    desk.script(ACT, 200, {"plan": done, "job": None, "is_new": True})

    ran = headrace("dead-letters", verb, "--plan", "p1", *more)

    assert ran.exit_code == 0
    assert (len(posted(desk, PLANS)), len(posted(desk, ACT))) == (0, 1)


def test_what_failed_again_is_listed_by_its_id(desk: Any, headrace: Any) -> None:
    failed = {"items": [{"id": "a1", "group": "g1"}], "next": None}
    desk.script("/api/v1/redrive-jobs/p1/failed", 200, failed)

    ran = headrace("dead-letters", "job", "failed", "p1")

    assert ran.out.splitlines()[-1].split() == ["a1", "g1"]


def test_a_plan_shows_what_to_know_before(desk: Any, headrace: Any) -> None:
    caveat = {"code": "sink-failing", "text": "the sink has failed", "message": "HTTP 503"}
    desk.script(PLANS, 200, {**PLAN, "warnings": [caveat]})

    ran = headrace("dead-letters", "redrive", *WHERE, "--dry-run")

    assert "warning: the sink has failed: HTTP 503\n" in ran.err


def test_where_nobody_can_be_asked_nothing_is_done(desk: Any, headrace: Any) -> None:
    redriven = headrace("dead-letters", "redrive", *WHERE)
    discarded = headrace("dead-letters", "discard", *WHERE, "--reason", "tests")

    assert (redriven.exit_code, discarded.exit_code) == (1, 1)
    assert "--yes" in redriven.err
    assert "--count" in discarded.err
    assert posted(desk, ACT) == []


def test_discarding_takes_the_right_number(desk: Any, headrace: Any) -> None:
    done = {**PLAN, "outcome": {"moved": 2, "refused": {}}}
    desk.script(ACT, 200, {"plan": done, "job": None, "is_new": True})

    wrong = headrace("dead-letters", "discard", *WHERE, "--reason", "tests", "--count", 3)
    right = headrace("dead-letters", "discard", *WHERE, "--reason", "tests", "--count", 2)

    assert (wrong.exit_code, right.exit_code) == (1, 0)
    assert "2 are meant, not 3" in wrong.err
    assert posted(desk, ACT) == [{"count": 2, "reason": "tests"}]


def test_discarding_without_a_reason_is_wrong_usage(desk: Any, headrace: Any) -> None:
    assert headrace("dead-letters", "discard", "a", "--count", 1).exit_code == 2


def test_restoring_makes_a_plan_of_the_discarded(desk: Any, headrace: Any) -> None:
    done = {**PLAN, "outcome": {"moved": 1, "refused": {"dead": 1}}}
    desk.script(ACT, 200, {"plan": done, "job": None, "is_new": True})

    ran = headrace("dead-letters", "restore", "--group", "g1")

    assert (ran.exit_code, ran.out.splitlines()[-1]) == (1, "1 restored; left as they were: 1 dead")
    assert posted(desk, PLANS) == [{"verb": "restore", "group": "g1"}]


@pytest.mark.parametrize("words", [(), ("a", *WHERE), ("--group", "g' OR 'a' = 'a")])
def test_what_is_meant_must_be_clear(desk: Any, headrace: Any, words: tuple[str, ...]) -> None:
    ran = headrace("dead-letters", "redrive", *words, "--yes")

    assert ran.exit_code == 1
    assert desk.asked == []


def test_one_that_was_named_and_is_not_there_ends_with_1(desk: Any, headrace: Any) -> None:
    ran = headrace("dead-letters", "redrive", "a", "b", "c")

    assert ran.exit_code == 1
    assert "2 delivered" in ran.out


def test_json_says_the_plan_and_the_job(desk: Any, headrace: Any) -> None:
    ran = headrace("dead-letters", "redrive", "a", "b", "-o", "json")

    assert json.loads(ran.out) == {"plan": PLAN, "job": JOB}


def test_jobs_are_listed_with_their_tally(desk: Any, headrace: Any) -> None:
    job = {**JOB, "began_at": "2026-01-01T00:00:00Z", "by": "ann"}
    desk.script("/api/v1/redrive-jobs", 200, {"items": [job], "next": None})

    ran = headrace("dead-letters", "jobs")

    assert ran.out.splitlines()[1].split()[:4] == ["p1", "done", "2", "2"]


def test_jobs_that_go_elsewhere_say_where(desk: Any, headrace: Any) -> None:
    begun = {**JOB, "began_at": "2026-01-01T00:00:00Z", "by": "ann"}
    aims: list[dict[str, str]] = [
        {},
        {"to_sink": "default/archive"},
        {"to_broker": "default/second"},
    ]
    jobs = [{**begun, **aim} for aim in aims]
    desk.script("/api/v1/redrive-jobs", 200, {"items": jobs, "next": None})

    head, *rows = headrace("dead-letters", "jobs").out.splitlines()

    shown = [row[head.index("TO") : head.index("BY")].strip() for row in rows]
    assert shown == ["-", "default/archive", "all of default/second"]


def test_a_job_is_steered_by_its_verb(desk: Any, headrace: Any) -> None:
    cancel = "/api/v1/redrive-jobs/p1/cancel"
    desk.script(cancel, 200, {**JOB, "state": "cancelled", "why": "enough", "left": 7})

    ran = headrace("dead-letters", "job", "cancel", "p1", "--reason", "enough")

    assert posted(desk, cancel) == [{"reason": "enough"}]
    assert ran.out.endswith("7 not sent; job p1 is cancelled: enough\n")


def test_a_list_goes_on_over_pages_without_items(desk: Any, headrace: Any) -> None:
    pages = [
        desk.answer_of(200, {"items": [], "next": "x", "looked": 5000, "of": 9000}),
        desk.answer_of(200, {"items": [item("a")], "next": None, "looked": 4000, "of": 9000}),
    ]
    desk.answers["/api/v1/dead-letters"] = pages

    ran = headrace("dead-letters", "list", "--where", "data('/n') = 1", "-o", "json")

    assert [one["id"] for one in json.loads(ran.out)] == ["a"]


WHY = {
    **item("a"), "state": "dead", "message": "422", "attempts": 1, "redrives": 2, "offset": 7,
    "stored_at": "2026-01-01T00:00:00Z", "dead_at": "2026-01-01T00:00:09Z",
    "attempts_detail": [{"number": 1, "started_at": "2026-01-01T00:00:00Z", "status": 422,
                         "duration_seconds": 0.25, "class": "bad_input", "body": "no such order"}],
    "then": {"in_log": True, "principal": "ann", "cause": None, "revision": 1, "filter": None},
    "today": {"revision": 3, "is_paused": True, "sink": "http://host/", "sink_state": "open",
              "matches": False, "filter": None},
}  # fmt: skip


def test_why_tells_it_in_sentences(desk: Any, headrace: Any) -> None:
    desk.script("/api/v1/dead-letters/a/why", 200, WHY)

    ran = headrace("dead-letters", "why", "a")

    assert ran.exit_code == 0
    assert "stored at 2026-01-01 00:00:00Z as offset 7, published by ann" in ran.out
    assert "given up at 2026-01-01 00:00:09Z after 1 attempt: age, 422" in ran.out
    assert "today revision 3 of the trigger, paused would not match it" in ran.out
    assert "no such order" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 100


def test_a_redrive_to_another_sink_says_so_to_the_plan(desk: Any, headrace: Any) -> None:
    ran = headrace("dead-letters", "redrive", *WHERE, "--to-sink", "archive", "--yes")

    assert ran.exit_code == 0
    assert posted(desk, PLANS)[0]["to_sink"] == "archive"


@pytest.mark.parametrize("choice", [WHERE, ("a", "b"), ("--plan", "p1")], ids=str)
def test_publishing_again_asks_also_where_they_were_named(
    desk: Any, headrace: Any, choice: tuple[str, ...]
) -> None:
    planned = {**PLAN, "to_broker": "default/main"}
    desk.script(PLANS, 200, planned)
    desk.script(f"{PLANS}/p1", 200, planned)
    more = () if "--plan" in choice else ("--to-broker", "main")

    ran = headrace("dead-letters", "redrive", *choice, *more)

    assert (ran.exit_code, posted(desk, ACT)) == (1, [])
    assert "every trigger of default/main that matches gets them again" in ran.err


def test_a_plan_says_where_they_go(desk: Any, headrace: Any) -> None:
    ran = headrace("dead-letters", "redrive", "--plan", "p1", "--to-sink", "archive")

    assert ran.exit_code == 1
    assert "--to-sink and --to-broker" in ran.err
