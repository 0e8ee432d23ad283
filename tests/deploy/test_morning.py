"""README's worst morning, done by commands against the real program, and counted afterwards."""

import asyncio
from collections import Counter

import pytest

from tests.deploy.morning import AFTER, BEFORE, NOTES, ORDER, Morning, live

ASKED = {"unasked"}  # the step that is refused because nobody says yes to it


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Morning:
    """Lived once, for all that is asserted of it."""
    return asyncio.run(live(tmp_path_factory.mktemp("morning")))


def words_of(text: str, name: str) -> list[str]:
    """Of the first line that begins with `name`."""
    return next(line.split() for line in text.splitlines() if line.startswith(name))


def test_every_step_ends_well_but_the_one_that_asks(morning: Morning) -> None:
    failed = {step: said.err for step, said in morning.said.items() if said.code}

    assert failed.keys() == ASKED, failed
    assert "redrive 30 dead letters, 50 a second?" in failed["unasked"]
    assert "--yes" in failed["unasked"]


def test_the_list_of_triggers_shows_which_one_it_is(morning: Morning) -> None:
    shown = morning.said["triggers"].out

    assert str(AFTER) in words_of(shown, "default/orders")
    assert str(AFTER) not in words_of(shown, "default/archive")


def test_one_trigger_shows_what_its_sink_says(morning: Morning) -> None:
    shown = morning.said["the trigger"].out

    assert "/ordrs" in shown
    assert "the sink answered 404: no such path: /ordrs" in shown
    assert f"dead                {AFTER}" in shown


def test_the_failures_are_one_group(morning: Morning) -> None:
    head, *rows = morning.said["groups"].out.splitlines()

    assert head.split()[:5] == ["GROUP", "COUNT", "STATE", "OWNER", "REASON"]
    assert rows[0].split()[1:5] == [str(AFTER), "open", "-", "attempts"]
    assert sum("attempts" in row for row in rows) == 1


def test_a_query_finds_all_of_them(morning: Morning) -> None:
    letters = morning.said["list"].json

    assert len(letters) == AFTER
    assert {(one["trigger"], one["status"]) for one in letters} == {("default/orders", 404)}


def test_a_dead_letter_shows_its_attempts_the_answer_and_the_event(morning: Morning) -> None:
    shown, why = morning.said["letter"].out, morning.said["letter why"].out

    assert "\nthe last answer\nno such path: /ordrs\n" in shown
    assert '\ndata\n{"total":42}\n' in shown
    assert "given up at" in why
    assert "today revision 2 of the trigger would match it" in why


def test_an_event_tells_of_both_triggers(morning: Morning) -> None:
    told = morning.said["event why"].out

    assert "default/archive: delivered" in told
    assert "default/orders: dead" in told
    assert "attempt 2: transient 404" in told


def test_the_diff_says_what_the_reload_then_does(morning: Morning) -> None:
    foretold, done = morning.said["diff"].out, morning.said["reload"].out

    assert "subscriber changes at once" in foretold
    assert foretold == done


def test_the_redrive_says_how_many_before_and_after(morning: Morning) -> None:
    assert f"{AFTER} dead letters to redrive; nothing was done" in morning.said["dry run"].out
    assert f"{AFTER} redriven, {AFTER} delivered" in morning.said["redrive"].out
    assert morning.said["groups at the end"].out == "no dead letters\n"


def test_every_order_reached_its_sink_once_the_dead_ones_after_the_mend(morning: Morning) -> None:
    orders = [event for event, kind in morning.shop.types.items() if kind == ORDER]

    assert len(orders) == BEFORE + AFTER
    assert morning.shop.taken["/orders"] == Counter(orders)
    assert morning.after_redrive - morning.before_redrive == Counter(list(morning.shop.strayed))
    assert morning.shop.strayed.total() == 2 * AFTER


def test_everything_reached_the_archive_once_and_once_more_by_the_replay(morning: Morning) -> None:
    events = list(morning.shop.types)

    assert len(events) == BEFORE + NOTES + AFTER
    assert morning.shop.taken["/archive"] == Counter(events) + Counter(events)
    assert f"is finished: {len(events)} delivered, 0 dead" in morning.said["replay"].out


def test_the_sums_of_both_triggers_add_up(morning: Morning) -> None:
    orders, archive = (morning.said[f"{name} at the end"].json for name in ("orders", "archive"))

    assert (orders["matched"], orders["delivered"]) == (BEFORE + AFTER, BEFORE)
    assert (orders["redelivered"], orders["dead"]) == (AFTER, 0)
    assert archive["matched"] == archive["delivered"] == BEFORE + NOTES + AFTER
    assert "whole; 62 events, 2 triggers add up" in morning.said["verify"].out


def test_the_audit_names_each_act_and_why(morning: Morning) -> None:
    acts, shown = morning.said["audit data"].json, morning.said["audit"].out

    assert [(act["verb"], act["count"]) for act in reversed(acts)] == [
        ("reload", 1), ("reload", 1), ("redrive", AFTER),
        # One event tells of the group, and one of the redrive's end.
        ("replay.create", BEFORE + NOTES + AFTER + 2),
    ]  # fmt: skip
    assert [act["reason"] for act in acts[:2]] == ["the disk was swapped", "the URL is mended"]
    assert all(f"  {verb} " in shown for verb in ("reload", "redrive", "replay.create"))


def test_every_table_fits_a_hundred_columns(morning: Morning) -> None:
    tables = ("triggers", "groups", "letter", "event why", "diff", "dry run", "replays", "audit")
    lines = [line for step in tables for line in morning.said[step].out.splitlines()]

    assert max(len(line) for line in lines) <= 100
