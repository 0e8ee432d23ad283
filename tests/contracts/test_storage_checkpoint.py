"""Checkpoints: one atomic write, applied in order, for every engine."""

from datetime import datetime, timedelta

from broker.errors import StaleRevision
from broker.event import Cause
from broker.storage.rows import (
    Audit,
    Checkpoint,
    Counts,
    Cursor,
    DeadState,
    Move,
    ParkedRow,
    Place,
    Record,
    Reply,
    Revision,
    TriggerState,
    WaitingRow,
)
from tests.contracts.store import START, Store, at, event, letter, parked

A = "default/a"


async def test_an_empty_partition_loads_empty(store: Store) -> None:
    loaded = await store.reopen()

    assert len(loaded.log_id) == 8
    assert (loaded.first_offset, loaded.last_offset, loaded.routed) == (1, 0, 0)
    assert loaded.stored_at is None
    assert (loaded.cursors, loaded.counts, loaded.parked, loaded.waiting) == ({}, {}, {}, ())


async def test_everything_given_is_loaded_again(store: Store) -> None:
    cursor = Cursor(A, 10, ((12, 15), (20, 20)))
    revisions = (Revision(A, 1, 1, b"{}", at(0)), Revision(A, 2, 7, b"[]", at(1)))
    state = TriggerState(A, True, "asked", "me", at(3))

    await store.checkpoint(
        Checkpoint(routed=20, cursors=(cursor,), revisions=revisions[::-1], states=(state,))
    )
    loaded = await store.crash()

    assert loaded.routed == 20
    assert loaded.cursors == {A: cursor}
    assert loaded.revisions == revisions
    assert loaded.states == {A: state}


async def test_a_routed_of_none_leaves_it(store: Store) -> None:
    await store.checkpoint(Checkpoint(routed=7))

    await store.checkpoint(Checkpoint())

    assert (await store.crash()).routed == 7


async def test_a_following_trigger_has_no_cursor(store: Store) -> None:
    await store.checkpoint(Checkpoint(cursors=(Cursor(A, 1), Cursor("default/b", 2))))

    await store.checkpoint(Checkpoint(following=(A,)))

    assert set((await store.crash()).cursors) == {"default/b"}


async def test_counts_are_added(store: Store) -> None:
    await store.checkpoint(Checkpoint(counts=(Counts(A, 5, 3, 1, 0, 0),)))

    await store.checkpoint(Checkpoint(counts=(Counts(A, 2, 2, -1, 1, 1), Counts("n/b", 1, 1))))

    assert (await store.crash()).counts == {
        A: Counts(A, 7, 5, 0, 1, 1),
        "n/b": Counts("n/b", 1, 1),
    }


async def test_a_parked_row_comes_back_whole(store: Store) -> None:
    rows = (parked(1, order_key="k"), parked(2, data=None), parked(3, data=b""))

    await store.checkpoint(Checkpoint(parked=rows))
    await store.crash()
    given, next_due = await store.engine.log.due(A, at(10), 10)

    assert [repr(row) for row in given] == [repr(row) for row in rows]
    assert [row.event.data for row in given] == [b"\x00\xff", None, b""]
    assert [row.event.head for row in given] == [row.event.head for row in rows]
    assert next_due is None


async def test_due_rows_come_oldest_due_first(store: Store) -> None:
    rows = [parked(1, 30), parked(2, 10), parked(3, 20), parked(4, 10, trigger="default/b")]
    await store.checkpoint(Checkpoint(parked=tuple(rows)))

    given, next_due = await store.engine.log.due(A, at(25), 10)

    assert [row.place.offset for row in given] == [2, 3]
    assert next_due == at(30)


async def test_due_rows_stop_at_the_limit_and_name_the_next(store: Store) -> None:
    await store.checkpoint(Checkpoint(parked=tuple(parked(n, n) for n in range(1, 6))))

    given, next_due = await store.engine.log.due(A, at(99), 2)

    assert [row.place.offset for row in given] == [1, 2]
    assert next_due == at(3)


async def test_skipped_rows_are_neither_given_nor_next(store: Store) -> None:
    await store.checkpoint(Checkpoint(parked=tuple(parked(n, n) for n in range(1, 6))))
    skip = frozenset(Place(A, offset) for offset in (1, 3, 4))

    given, next_due = await store.engine.log.due(A, at(3), 10, skip)

    assert [row.place.offset for row in given] == [2]
    assert next_due == at(5)


async def test_rows_that_the_caller_knows_are_given_in_their_turn(store: Store) -> None:
    rows = [parked(n, n) for n in range(1, 4)]
    await store.checkpoint(Checkpoint(parked=tuple(rows)))
    known = {rows[1].place: rows[1], Place(A, 9): parked(9, 1)}

    given, _ = await store.engine.log.due(A, at(99), 10, known=known)

    assert [row.place.offset for row in given] == [1, 2, 3]
    assert given[1] is rows[1]


class Forgetful(dict[Place, ParkedRow]):
    """Rows that are forgotten as soon as one of them was asked for."""

    def get(self, key: Place, default: object = None) -> ParkedRow | None:  # type: ignore[override]
        found = super().get(key)
        self.clear()
        return found


async def test_a_known_row_that_is_forgotten_meanwhile_is_given_all_the_same(store: Store) -> None:
    rows = (parked(1, 1), parked(2, 2))
    await store.checkpoint(Checkpoint(parked=rows))

    known = Forgetful({row.place: row for row in rows})
    given, _ = await store.engine.log.due(A, at(99), 10, known=known)

    assert [row.place.offset for row in given] == [1, 2]


async def test_a_parked_row_replaces_the_one_of_its_place(store: Store) -> None:
    await store.checkpoint(Checkpoint(parked=(parked(1, 10), parked(1, 12, step="dead-letter"))))

    await store.checkpoint(Checkpoint(parked=(parked(1, 50),)))

    loaded = await store.crash()
    assert loaded.parked[A].count == 2
    assert loaded.parked[A].next_due_at == at(12)


async def test_removals_come_before_rows(store: Store) -> None:
    await store.checkpoint(
        Checkpoint(parked=(parked(1), parked(2)), waiting=(WaitingRow(A, 3, "k"),))
    )

    await store.checkpoint(
        Checkpoint(
            unparked=(Place(A, 1), Place(A, 2), Place(A, 99)),
            parked=(parked(2, 70),),
            unwaiting=((A, 3),),
            waiting=(WaitingRow(A, 4, "k"), WaitingRow(A, 3, "other")),
        )
    )

    loaded = await store.crash()
    assert (loaded.parked[A].count, loaded.parked[A].next_due_at) == (1, at(70))
    assert loaded.waiting == (WaitingRow(A, 3, "other"), WaitingRow(A, 4, "k"))


async def test_ordering_keys_of_parked_rows_are_loaded(store: Store) -> None:
    rows = (parked(1, order_key="k"), parked(2), parked(3, order_key="j", trigger="default/b"))

    await store.checkpoint(Checkpoint(parked=rows))

    assert (await store.crash()).parked_keys == ((A, "k"), ("default/b", "j"))


async def test_a_trigger_without_parked_rows_is_not_loaded(store: Store) -> None:
    await store.checkpoint(Checkpoint(parked=(parked(1),)))

    await store.checkpoint(Checkpoint(unparked=(Place(A, 1),)))

    assert (await store.crash()).parked == {}


async def test_records_are_compared_and_numbered(store: Store) -> None:
    first = await store.checkpoint(Checkpoint(records=(Record("k", b"1", expect=0),)))
    stale = await store.checkpoint(Checkpoint(records=(Record("k", b"2", expect=0),)))
    second = await store.checkpoint(Checkpoint(records=(Record("k", b"3", expect=1),)))

    assert (first, second) == (None, None)
    assert isinstance(stale, StaleRevision)
    assert await store.engine.records.get("k") == (b"3", 2)


async def test_a_stale_record_fails_the_whole_checkpoint(store: Store) -> None:
    reply = Reply(event("r"), b"12345678", Cause(1, A))
    await store.checkpoint(Checkpoint(records=(Record("k", b"1"),)))

    error = await store.checkpoint(
        Checkpoint(
            routed=9,
            parked=(parked(1),),
            replies=(reply,),
            dead_letters=(letter("x"),),
            records=(Record("other", b"2"), Record("k", b"2", expect=7)),
        )
    )

    loaded = await store.crash()
    assert isinstance(error, StaleRevision)
    assert (loaded.routed, loaded.parked, loaded.last_offset) == (0, {}, 0)
    assert await store.engine.desk.get("x") is None
    assert await store.engine.records.get("other") is None


async def test_a_stale_record_fails_only_what_it_belongs_to(store: Store) -> None:
    good = store.ask(event("good"), records=[Record("p", b"1", expect=0)])
    bad = store.ask(event("bad"), records=[Record("p", b"2", expect=0)])
    last = store.ask(event("last"), records=[Record("p", b"3", expect=1)])

    checkpoint = await store.checkpoint(
        Checkpoint(routed=1, records=(Record("p", b"4", expect=2),))
    )

    assert [(await answer).error is None for answer in (good, bad, last)] == [True, False, True]
    assert checkpoint is None
    assert await store.ids() == ["good", "last"]
    assert await store.engine.records.get("p") == (b"4", 3)


async def test_a_deleted_record_may_be_made_anew(store: Store) -> None:
    await store.checkpoint(Checkpoint(records=(Record("k", b"1"),)))
    await store.checkpoint(Checkpoint(records=(Record("k", None, expect=1),)))

    error = await store.checkpoint(Checkpoint(records=(Record("k", b"2", expect=0),)))

    assert error is None
    assert await store.engine.records.get("k") == (b"2", 1)


async def test_records_are_listed_by_key_after_a_key(store: Store) -> None:
    keys = ("a/1", "a/2", "a/3", "a", "b", "a/é")
    await store.checkpoint(Checkpoint(records=tuple(Record(k, k.encode()) for k in keys)))
    records = store.engine.records

    page = await records.scan("a/", limit=2)
    rest = await records.scan("a/", after="a/2")

    assert page == [("a/1", b"a/1", 1), ("a/2", b"a/2", 1)]
    assert [key for key, _, _ in rest] == ["a/3", "a/é"]
    assert await records.get("nobody") is None


async def test_the_audit_is_read_newest_first(store: Store) -> None:
    acts = tuple(Audit(at(n), "me", "redrive", f"plan {n}", n, "why") for n in range(4))
    await store.checkpoint(Checkpoint(audit=acts))

    page = await store.engine.records.audit(limit=2)
    rest = await store.engine.records.audit(before=page[-1][0])

    assert [act for _, act in page] == [acts[3], acts[2]]
    assert [act for _, act in rest] == [acts[1], acts[0]]


async def test_a_move_is_made_from_the_named_states_only(store: Store) -> None:
    await store.checkpoint(Checkpoint(dead_letters=(letter("x"), letter("y"))))
    moves = tuple(
        Move(name, (state,), DeadState.REDRIVING, at(9), "me", parked=parked(offset))
        for name, state, offset in (("x", DeadState.DEAD, 1), ("y", DeadState.DISCARDED, 2))
    )

    await store.checkpoint(Checkpoint(moves=moves))

    loaded = await store.crash()
    states = [found.state for name in "xy" if (found := await store.engine.desk.get(name))]
    assert states == [DeadState.REDRIVING, DeadState.DEAD]
    assert loaded.parked[A].count == 1


async def test_moves_of_one_letter_follow_each_other(store: Store) -> None:
    await store.checkpoint(Checkpoint(dead_letters=(letter("x"),)))
    discard = Move("x", (DeadState.DEAD,), DeadState.DISCARDED, at(9), "me", purge_at=at(99))
    forward = Move("x", (DeadState.DISCARDED,), None, at(9), "me", forwarded="yes")
    again = Move("x", (DeadState.DEAD,), DeadState.REDRIVING, at(9), "me", parked=parked(1))

    await store.checkpoint(Checkpoint(moves=(discard, forward, again)))

    found = await store.engine.desk.get("x")
    assert found is not None
    assert (found.state, found.forwarded) == (DeadState.DISCARDED, "yes")
    assert found.purge_at == START + timedelta(seconds=99)
    assert (await store.crash()).parked == {}


async def test_a_move_without_a_state_only_forwards(store: Store) -> None:
    kept = letter("x", state=DeadState.DISCARDED, purge_at=at(50))
    await store.checkpoint(Checkpoint(dead_letters=(kept,)))

    move = Move("x", tuple(DeadState), None, at(9), "me", forwarded="404")
    await store.checkpoint(Checkpoint(moves=(move,)))

    found = await store.engine.desk.get("x")
    assert found is not None
    assert (found.state, found.forwarded, found.purge_at) == (
        DeadState.DISCARDED, "404", at(50),
    )  # fmt: skip


async def test_many_rows_of_every_kind_fit_one_checkpoint(store: Store) -> None:
    rows = tuple(parked(n, n) for n in range(1, 700))
    letters = tuple(letter(f"l-{n}") for n in range(600))
    replies = tuple(Reply(event(f"r-{n}"), b"12345678", Cause(1, A)) for n in range(500))

    await store.checkpoint(Checkpoint(parked=rows, dead_letters=letters, replies=replies))

    loaded = await store.crash()
    assert loaded.parked[A].count == 699
    assert loaded.last_offset == 500
    assert await store.engine.desk.totals() == {A: 600}


async def test_a_clean_end_is_no_unclean_end(store: Store) -> None:
    store.clock.move(5)
    await store.crash()
    store.clock.move(5)

    loaded = await store.reopen()

    assert loaded.unclean_ends == (at(5),)
    assert loaded.owner_epoch == 3


async def test_only_the_latest_ten_unclean_ends_are_kept(store: Store) -> None:
    for _ in range(12):
        store.clock.move(1)
        loaded = await store.crash()

    assert loaded.unclean_ends == tuple(at(second) for second in range(3, 13))


async def test_a_partition_keeps_its_log_id(store: Store) -> None:
    first = await store.reopen()

    second = await store.crash()

    assert first.log_id == second.log_id


async def test_a_clock_that_went_back_lets_no_row_wait_longer_than_was_chosen(store: Store) -> None:
    await store.checkpoint(Checkpoint(parked=(parked(1, 10), parked(2, 30))))
    store.clock.move(-86_400)

    loaded = await store.crash()

    moments = [loaded.parked[A].next_due_at, *await due_times(store)]
    waits = [moment - store.clock.now() for moment in moments if moment is not None]
    assert [round(wait.total_seconds(), 1) for wait in waits] == [10.0, 10.0, 30.0]


async def test_a_clock_that_leapt_ahead_leaves_rows_as_they_were(store: Store) -> None:
    await store.checkpoint(Checkpoint(parked=(parked(1, 10), parked(2, 30))))
    store.clock.move(86_400)

    loaded = await store.crash()

    assert loaded.parked[A].next_due_at == at(10)
    assert await due_times(store) == [at(10), at(30)]


async def due_times(store: Store) -> list[datetime]:
    rows, _ = await store.engine.log.due(A, at(1e9), 1000)
    return [row.due_at for row in rows]
