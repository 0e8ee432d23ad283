"""The desk: pages, conditions, groups and forgetting, for every engine."""

from dataclasses import replace
from datetime import timedelta

import pytest

from broker.errors import Invalid
from broker.storage.desk import Condition, Term
from broker.storage.rows import Checkpoint, DeadLetter, DeadState, Move
from tests.contracts.store import START, Store, at, letter, parked

A = "default/a"


async def keep(store: Store, *letters: DeadLetter) -> None:
    assert await store.checkpoint(Checkpoint(dead_letters=letters)) is None


async def move(store: Store, id: str, before: DeadState, after: DeadState) -> None:
    change = Move(id, (before,), after, at(20), "me", purge_at=at(100))
    assert await store.checkpoint(Checkpoint(moves=(change,))) is None


async def ids(store: Store, condition: Condition = ()) -> list[str]:
    page = await store.engine.desk.page(condition, None, 100)
    return [found.id for found in page.items]


async def test_a_dead_letter_comes_back_whole(store: Store) -> None:
    given = letter("x", data=bytes(range(256)))

    await keep(store, given)
    found = await store.engine.desk.get("x")

    assert found is not None
    assert repr(found) == repr(given)
    assert found.event.data == given.event.data
    assert await store.engine.desk.get("nobody") is None


async def test_pages_go_from_the_newest_to_the_end(store: Store) -> None:
    await keep(store, *(letter(f"l-{n}", dead_seconds=n // 2) for n in range(5)))
    desk = store.engine.desk

    first = await desk.page((), None, 2)
    second = await desk.page((), first.next, 2)
    third = await desk.page((), second.next, 2)

    pages = [[found.id for found in page.items] for page in (first, second, third)]
    assert pages == [["l-4", "l-3"], ["l-2", "l-1"], ["l-0"]]
    assert third.next is None


async def test_pages_skip_none_that_died_in_one_millisecond(store: Store) -> None:
    await keep(store, *(letter(f"l-{n}", dead_seconds=1.0009 - n / 5_000) for n in range(5)))
    found: list[str] = []
    cursor = None

    while len(found) < 5:
        page = await store.engine.desk.page((), cursor, 1)
        found += [letter.id for letter in page.items]
        cursor = page.next
        if cursor is None:
            break

    assert found == ["l-4", "l-3", "l-2", "l-1", "l-0"]


async def test_a_foreign_cursor_is_refused(store: Store) -> None:
    with pytest.raises(Invalid) as refused:
        await store.engine.desk.page((), "no cursor", 2)

    assert refused.value.code == "bad-cursor"


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        (Term("id", "=", "x"), ["x"]),
        (Term("group", "=", "h"), ["z"]),
        (Term("trigger", "prefix", "default/"), ["z", "y", "x"]),
        (Term("trigger", "prefix", "other"), []),
        (Term("status", "=", 503), ["x"]),
        (Term("status", "!=", 503), ["z", "y"]),
        (Term("status", "<", 504), ["x"]),
        (Term("status", ">=", 503), ["y", "x"]),
        (Term("reason", "in", ("age", "refused")), ["z"]),
        (Term("class", "!=", "transient"), []),
        (Term("state", "=", "dead"), ["z", "y", "x"]),
        (Term("dead_at", ">", at(1)), ["z", "y"]),
        (Term("dead_at", "<=", at(1)), ["x"]),
        (Term("event_id", "=", "e-y"), ["y"]),
        (Term("subject", "=", "s"), ["z", "y", "x"]),
        (Term("attempts", ">", 3), []),
        (Term("size", ">", 10), ["z", "y", "x"]),
        (Term("offset", "in", (1, 2)), ["z", "y", "x"]),
        (Term("type", "prefix", "thing."), ["z", "y", "x"]),
    ],
    ids=lambda value: f"{value.field} {value.operator}" if isinstance(value, Term) else "",
)
async def test_a_term_chooses(store: Store, term: Term, expected: list[str]) -> None:
    await keep(
        store,
        letter("x", 1, status=503),
        letter("y", 2, group="i", status=504),
        letter("z", 3, status=None, group="h", reason="age"),
    )

    assert await ids(store, (term,)) == expected


async def test_all_terms_must_hold(store: Store) -> None:
    await keep(store, letter("x", 1), letter("y", 2, group="h", status=404), letter("z", 3))

    found = await ids(store, (Term("status", "=", 503), Term("dead_at", ">", at(2))))

    assert found == ["z"]


@pytest.mark.parametrize(
    "term",
    [
        Term("nothing", "=", "x"),
        Term('id" OR 1=1 --', "=", "x"),
        Term("status", "=", "503"),
        Term("dead_at", ">", 5),
        Term("status", "prefix", 5),
        Term("id", "in", "x"),
        Term("id", "=", ("x",)),
    ],
    ids=str,
)
async def test_a_senseless_term_is_refused(store: Store, term: Term) -> None:
    with pytest.raises(Invalid) as refused:
        await store.engine.desk.page((term,), None, 2)

    assert refused.value.code == "bad-condition"


async def test_failures_alike_are_one_group(store: Store) -> None:
    await keep(store, letter("x", 1), letter("y", 2), letter("z", 3, group="h", status=404))

    later, earlier = await store.engine.desk.groups(None, 10)

    assert (later.id, later.count, later.status, later.example) == ("h", 1, 404, "z")
    assert (earlier.id, earlier.count, earlier.total) == ("g", 2, 2)
    assert (earlier.first_at, earlier.last_at, earlier.example) == (at(1), at(2), "y")
    assert (earlier.pattern, earlier.outcome_class, earlier.reason) == (
        "busy #", "transient", "attempts",
    )  # fmt: skip


async def test_groups_are_listed_per_trigger_up_to_the_limit(store: Store) -> None:
    await keep(
        store, letter("x", 1), letter("y", 2, group="h"), letter("z", 3, "i", trigger="default/b")
    )
    desk = store.engine.desk

    assert [group.id for group in await desk.groups(A, 10)] == ["h", "g"]
    assert [group.id for group in await desk.groups(None, 2)] == ["i", "h"]


async def test_a_group_counts_those_in_state_dead(store: Store) -> None:
    await keep(store, letter("x", 1), letter("y", 2))

    await move(store, "x", DeadState.DEAD, DeadState.REDRIVING)

    (group,) = await store.engine.desk.groups(None, 10)
    assert (group.count, group.total) == (1, 2)
    assert await store.engine.desk.totals() == {A: 1}


async def test_a_restored_letter_counts_again(store: Store) -> None:
    await keep(store, letter("x", 1))
    await move(store, "x", DeadState.DEAD, DeadState.DISCARDED)
    gone = await store.engine.desk.groups(None, 10)

    await move(store, "x", DeadState.DISCARDED, DeadState.DEAD)

    assert gone == []
    assert (await store.engine.desk.groups(None, 10))[0].count == 1


async def test_a_letter_that_fails_again_is_written_under_its_id(store: Store) -> None:
    await keep(store, letter("x", 1))
    await move(store, "x", DeadState.DEAD, DeadState.REDRIVING)

    await keep(store, replace(letter("x", 9), redrives=1))

    (group,) = await store.engine.desk.groups(None, 10)
    assert (group.count, group.total, group.first_at, group.last_at) == (1, 2, at(1), at(9))
    assert await ids(store) == ["x"]
    assert (await store.engine.log.sizes()).dead_letters == 1


async def test_another_death_of_its_event_does_not_end_a_redrive(store: Store) -> None:
    await keep(store, letter("x", 1))
    row = replace(parked(1), redrives=1)
    away = Move("x", (DeadState.DEAD,), DeadState.REDRIVING, at(20), "me", parked=row)
    assert await store.checkpoint(Checkpoint(moves=(away,))) is None

    await keep(store, letter("x", 9))

    found = await store.engine.desk.get("x")
    assert found is not None
    assert (found.state, found.redrives, found.dead_at) == (DeadState.REDRIVING, 1, at(9))
    assert await store.engine.desk.totals() == {}


async def test_a_letter_that_fails_otherwise_changes_its_group(store: Store) -> None:
    await keep(store, letter("x", 1), letter("y", 2))
    await move(store, "y", DeadState.DEAD, DeadState.REDRIVING)

    await keep(store, replace(letter("y", 9, group="h", status=404), redrives=1))

    later, earlier = await store.engine.desk.groups(None, 10)
    assert (later.id, later.count, later.example) == ("h", 1, "y")
    assert (earlier.id, earlier.count, earlier.example) == ("g", 1, "x")


async def test_totals_are_per_trigger(store: Store) -> None:
    await keep(store, letter("x"), letter("y", group="h"), letter("z", 1, "i", "default/b"))

    assert await store.engine.desk.totals() == {A: 2, "default/b": 1}


async def test_the_oldest_expire_but_none_that_is_redriven(store: Store) -> None:
    await keep(store, *(letter(f"l-{n}", n) for n in range(6)))
    await move(store, "l-1", DeadState.DEAD, DeadState.REDRIVING)

    gone = [await store.engine.desk.expire(at(4), limit=2) for _ in range(3)]

    assert gone == [2, 1, 0]
    assert await ids(store) == ["l-5", "l-4", "l-1"]


async def test_a_group_ends_with_its_last_letter(store: Store) -> None:
    await keep(store, letter("x", 1), letter("y", 2, group="h"))

    await store.engine.desk.expire(at(2))

    assert [group.id for group in await store.engine.desk.groups(None, 10)] == ["h"]


async def test_what_expires_is_audited(store: Store) -> None:
    await keep(store, letter("x", 1), letter("y", 2))

    await store.engine.desk.expire(at(9))

    ((_, act),) = await store.engine.records.audit()
    assert (act.by, act.verb, act.count) == ("retention", "expire", 2)


async def test_sizes_follow_the_desk(store: Store) -> None:
    await keep(store, letter("x", 1), letter("y", 2))
    full = await store.engine.log.sizes()

    await store.engine.desk.expire(at(9))
    empty = await store.engine.log.sizes()

    assert (full.dead_letters, empty.dead_letters) == (2, 0)
    assert full.dead_letter_bytes > 2 * letter("x").event.size_bytes
    assert empty.dead_letter_bytes == 0


async def test_discarded_letters_go_at_their_time(store: Store) -> None:
    await keep(store, letter("x", 1), letter("y", 2))
    await move(store, "x", DeadState.DEAD, DeadState.DISCARDED)

    early = await store.engine.desk.purge(1 << 40)
    store.clock.moment = START + timedelta(seconds=100)
    late = await store.engine.desk.purge(1 << 40)

    assert (early, late) == (0, 1)
    assert await ids(store) == ["y"]


async def test_beyond_the_bytes_the_oldest_discarded_go(store: Store) -> None:
    await keep(store, *(letter(f"l-{n}", n) for n in range(4)))
    for name in ("l-1", "l-3"):
        await move(store, name, DeadState.DEAD, DeadState.DISCARDED)
    bytes_now = (await store.engine.log.sizes()).dead_letter_bytes

    one = await store.engine.desk.purge(bytes_now - 1)
    rest = await store.engine.desk.purge(0)

    assert (one, rest) == (1, 1)
    assert await ids(store) == ["l-2", "l-0"]


async def test_states_are_those_of_what_there_is(store: Store) -> None:
    await keep(store, letter("x"), letter("y", state=DeadState.DISCARDED))

    states = await store.engine.desk.states(["x", "y", "nobody"])

    assert states == {"x": DeadState.DEAD, "y": DeadState.DISCARDED}


async def test_a_count_stops_at_its_limit(store: Store) -> None:
    letters = [letter("a", group="g"), letter("b", group="g"), letter("c", group="h")]
    assert await store.checkpoint(Checkpoint(dead_letters=tuple(letters))) is None
    desk = store.engine.desk

    whole = await desk.count((), 9)
    some = await desk.count((Term("group", "=", "g"),), 9)
    cut = await desk.count((), 2)

    assert (whole, some, cut) == (3, 2, 2)


async def test_a_redrive_is_counted_and_its_row_comes_back_whole(store: Store) -> None:
    row = replace(parked(1, step="redrive/deliver"), redrives=2, attempts_before=7)
    await keep(store, letter("x"))
    away = Move("x", (DeadState.DEAD,), DeadState.REDRIVING, at(20), "me", parked=row)
    home = Move("x", (DeadState.REDRIVING,), DeadState.DELIVERED, at(21), "headrace")

    await store.checkpoint(Checkpoint(moves=(away,)))
    (found,), _ = await store.engine.log.due(A, at(100), 10)
    await store.checkpoint(Checkpoint(moves=(home,)))
    after = await store.engine.desk.get("x")

    assert repr(found) == repr(row)
    assert after is not None
    assert (after.state, after.redrives) == (DeadState.DELIVERED, 2)


async def test_each_parked_row_of_a_key_is_loaded(store: Store) -> None:
    rows = (parked(1, order_key="k"), parked(2, order_key="k"))

    await store.checkpoint(Checkpoint(parked=rows))

    assert (await store.crash()).parked_keys == ((A, "k"), (A, "k"))


async def test_a_group_is_found_by_its_name_though_it_counts_nothing_now(store: Store) -> None:
    await keep(store, letter("x", 1), letter("y", 2, group="h"))
    await move(store, "x", DeadState.DEAD, DeadState.DISCARDED)

    found = await store.engine.desk.groups_named(["g", "h", "nothing"])

    assert {group.id: group.count for group in found} == {"g": 0, "h": 1}
    assert await store.engine.desk.groups_named([]) == []


async def test_the_hours_of_a_group_are_counted_from_the_oldest(store: Store) -> None:
    hour = 3_600.0
    await keep(
        store,
        letter("too-old", -1),
        letter("first", 0),
        letter("last-1", 24 * hour - 1),
        letter("last-2", 23 * hour, state=DeadState.DISCARDED),
        letter("too-new", 24 * hour),
        letter("other", 5.5 * hour, group="h"),
    )

    hourly = await store.engine.desk.hourly(["g", "h", "none"], at(23.5 * hour))

    assert list(hourly["g"]) == [1, *[0] * 22, 2]
    assert list(hourly["h"]) == [*[0] * 5, 1, *[0] * 18]
    assert sum(hourly["none"]) == 0


async def test_an_hour_of_a_group_forgets_what_dies_again_or_goes(store: Store) -> None:
    hour = 3_600.0
    await keep(store, letter("x", 0), letter("y", 0), letter("z", 1 * hour))
    await keep(store, letter("x", 2 * hour, group="h"))
    await store.engine.desk.expire(at(0.5 * hour))

    hourly = await store.engine.desk.hourly(["g", "h"], at(3.5 * hour))

    assert list(hourly["g"])[-4:] == [0, 1, 0, 0]
    assert list(hourly["h"])[-4:] == [0, 0, 1, 0]
