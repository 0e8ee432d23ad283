"""Appending and reading: every rule of the log's docstrings, for every engine."""

import asyncio

from broker.event import Cause
from broker.storage.rows import Checkpoint, Mark, Place, Record, Reply, Retried
from tests.contracts.store import Store, at, attempt, event, key


async def test_offsets_count_from_one_without_gaps(store: Store) -> None:
    first = await store.append(event("a"), event("b"))

    second = await store.append(event("c"))

    assert [stored.offset for stored in (*first.stored, *second.stored)] == [1, 2, 3]


async def test_an_event_is_read_as_it_was_stored(store: Store) -> None:
    given = event("a", bytes(range(256)), subject="sübject", traceparent="00-1")
    bare = event("b", None)
    empty = event("c", b"")

    appended = await store.append(given, bare, empty, principal="token/x")
    page = await store.engine.log.read(0, 10, 1 << 20)

    assert [stored.event.data for stored in page] == [given.data, None, b""]
    assert [stored.event.head for stored in page] == [given.head, bare.head, empty.head]
    assert page[0].event.attributes == given.attributes
    assert [stored.principal for stored in page] == ["token/x"] * 3
    assert page[0].stored_at == appended.stored[0].stored_at


async def test_everyone_hears_of_a_commit_before_its_publishers(store: Store) -> None:
    reply = Reply(event("r"), b"12345678", Cause(1, "default/a"))

    answers = [store.ask(event("a")), store.ask(event("b"))]
    checkpoint = store.ask_checkpoint(Checkpoint(replies=(reply,)))
    await asyncio.gather(*answers, checkpoint)

    order = store.answers.order
    assert [stored.offset for stored in store.answers.stored] == [1, 2, 3]
    assert store.answers.stored[-1].event.id == "r"
    assert isinstance(order[0], tuple)
    assert order[-1] == "checkpoint"


async def test_a_reply_keeps_its_cause_and_its_trigger_as_principal(store: Store) -> None:
    reply = Reply(event("r"), b"12345678", Cause(7, "default/a"))

    await store.checkpoint(Checkpoint(replies=(reply,)))
    (stored,) = await store.engine.log.read(0, 10, 1 << 20)

    assert stored.principal == "default/a"
    assert stored.cause is not None
    assert (stored.cause.offset, stored.cause.trigger) == (7, "default/a")


async def test_a_page_ends_at_its_limit_and_at_its_bytes(store: Store) -> None:
    await store.append(*(event(str(n), b"x" * 1000) for n in range(10)))
    log = store.engine.log

    by_limit = await log.read(2, 3, 1 << 20)
    by_bytes = await log.read(0, 10, 2500)

    assert [stored.offset for stored in by_limit] == [3, 4, 5]
    assert [stored.offset for stored in by_bytes] == [1, 2]


async def test_a_page_holds_at_least_one_event(store: Store) -> None:
    await store.append(event("large", b"x" * 5000))

    page = await store.engine.log.read(0, 10, 1)

    assert [stored.event.id for stored in page] == ["large"]
    assert await store.engine.log.read(1, 10, 1) == []


async def test_a_large_append_is_one_commit(store: Store) -> None:
    await store.append(*(event(f"e-{n}") for n in range(1500)))

    assert store.answers.order[0] == tuple(range(1, 1501))


async def test_an_append_without_events_stores_its_records(store: Store) -> None:
    appended = await store.append(records=[Record("k", b"v")])

    assert appended.stored == []
    assert appended.error is None
    assert await store.engine.records.get("k") == (b"v", 1)


async def test_the_stored_time_never_goes_back(store: Store) -> None:
    first = await store.append(event("a"))
    store.clock.move(-3600)

    second = await store.append(event("b"))
    await store.crash()
    third = await store.append(event("c"))

    times = [append.stored[0].stored_at for append in (first, second, third)]
    assert times == [times[0]] * 3


async def test_an_id_finds_its_events_newest_first(store: Store) -> None:
    await store.append(event("a"), event("b"), event("a", b"2"))
    await store.append(event("a", b"3"), event("c"))

    found = await store.engine.log.find("a", limit=2)

    assert [(stored.offset, stored.event.data) for stored in found] == [(4, b"3"), (3, b"2")]
    assert await store.engine.log.find("nobody") == []


async def test_an_id_is_found_behind_many_commits(store: Store) -> None:
    await store.append(event("wanted"))
    for number in range(230):
        await store.append(event("wanted" if number % 2 else f"e-{number}"))

    found = await store.engine.log.find("wanted", limit=1000)

    assert len(found) == 116
    assert found[-1].offset == 1


async def test_a_pruned_event_is_not_found(store: Store) -> None:
    await store.append(event("a"), event("b"))

    await store.engine.log.prune(1)

    assert await store.engine.log.find("a") == []
    assert [stored.offset for stored in await store.engine.log.find("b")] == [2]


async def test_the_offset_at_a_time_is_the_last_stored_before_it(store: Store) -> None:
    for number in range(8):
        await store.append(event(f"a-{number}"), event(f"b-{number}"))
        store.clock.move(10)
    log = store.engine.log

    offsets = [await log.offset_at(at(seconds)) for seconds in (0, 0.001, 10, 30.5, 99)]

    assert offsets == [0, 2, 2, 8, 16]


async def test_the_offset_beyond_bytes_leaves_the_newest(store: Store) -> None:
    sizes = [(await store.append(event(str(n), b"x" * 100))).events[0].size_bytes for n in range(8)]
    log = store.engine.log

    beyond = [await log.offset_beyond_bytes(sizes[0] * n) for n in (0, 1, 3, 8, 100)]

    assert beyond == [8, 7, 5, 0, 0]


async def test_recent_keys_are_given_per_commit_up_to_the_limit(store: Store) -> None:
    events = [event(f"k{n}") for n in range(6)]
    await store.append(*events[:3])
    store.clock.move(10)
    await store.append(*events[3:])
    log = store.engine.log

    everything = await log.recent_keys(at(0), 100)
    newest = await log.recent_keys(at(0), 4)
    late = await log.recent_keys(at(5), 100)

    keys = [key(one) for one in events]
    assert everything == [(at(0), 1, b"".join(keys[:3])), (at(10), 4, b"".join(keys[3:]))]
    assert newest == [(at(0), 3, keys[2]), (at(10), 4, b"".join(keys[3:]))]
    assert late == [(at(10), 4, b"".join(keys[3:]))]


async def test_keys_of_replies_are_kept_too(store: Store) -> None:
    reply = Reply(event("r"), b"12345678", Cause(1, "default/a"))

    await store.checkpoint(Checkpoint(replies=(reply,)))

    assert await store.engine.log.recent_keys(at(0), 10) == [(at(0), 1, b"12345678")]


async def test_retried_evidence_belongs_to_its_event(store: Store) -> None:
    await store.append(event("a"))
    rows = tuple(
        Retried(Place(trigger, 1), at(9), (attempt(1), attempt(2)))
        for trigger in ("default/a", "default/b")
    )

    await store.checkpoint(Checkpoint(retried=rows))

    assert tuple(await store.engine.log.retried(1)) == rows
    assert await store.engine.log.retried(2) == []


async def test_a_mark_tells_when_an_offset_was_passed(store: Store) -> None:
    marks = tuple(Mark("default/a", at(n * 10), n * 100, n * 90, n * 80) for n in (1, 2, 3))
    await store.checkpoint(Checkpoint(marks=marks))
    log = store.engine.log

    assert await log.mark_beyond("default/a", 101) == marks[1]
    assert await log.mark_beyond("default/a", 301) is None
    assert await log.mark_beyond("default/b", 1) is None


async def test_the_oldest_are_pruned_in_slices(store: Store) -> None:
    await store.append(*(event(f"e-{n}") for n in range(25)))
    log = store.engine.log

    gone = [await log.prune(18, limit=10) for _ in range(3)]

    assert gone == [10, 8, 0]
    assert (await log.read(0, 1, 1))[0].offset == 19
    assert (await log.sizes()).events == 7


async def test_pruning_everything_does_not_start_anew(store: Store) -> None:
    await store.append(event("a"), event("b"))
    store.clock.move(5)
    await store.engine.log.prune(99)

    loaded = await store.reopen()
    after = await store.append(event("c"))

    assert (loaded.first_offset, loaded.last_offset) == (3, 2)
    assert after.stored[0].offset == 3


async def test_what_speaks_of_pruned_events_goes_with_them(store: Store) -> None:
    await store.append(event("a"), event("b"))
    place = Place("default/a", 1)
    mark = Mark("default/a", at(1), 1, 1, 1)
    await store.checkpoint(Checkpoint(retried=(Retried(place, at(9), ()),), marks=(mark,)))

    await store.engine.log.prune(1)

    assert await store.engine.log.retried(1) == []
    assert await store.engine.log.mark_beyond("default/a", 1) is None


async def test_sizes_follow_appending_and_pruning(store: Store) -> None:
    events = [event(f"e-{n}", b"x" * 50) for n in range(4)]
    await store.append(*events)
    full = await store.engine.log.sizes()

    await store.engine.log.prune(3)
    left = await store.engine.log.sizes()

    assert (full.events, full.log_bytes) == (4, sum(one.size_bytes for one in events))
    assert (left.events, left.log_bytes) == (1, events[3].size_bytes)
    assert left.oldest_stored_at == at(0)
    assert left.refusing is None


async def test_an_empty_log_has_no_size(store: Store) -> None:
    sizes = await store.engine.log.sizes()

    assert (sizes.events, sizes.log_bytes, sizes.oldest_stored_at) == (0, 0, None)


async def test_a_probe_passes_where_a_commit_would(store: Store) -> None:
    await store.engine.log.probe()

    assert store.answers.order == []


async def test_what_is_asked_before_closing_is_answered(store: Store) -> None:
    answers = [store.ask(event(f"e-{n}")) for n in range(20)]

    await store.engine.log.close()

    assert all([(await answer).error is None for answer in answers])


async def test_what_is_asked_after_closing_is_refused(store: Store) -> None:
    await store.engine.log.close()

    append = await store.append(event("late"))
    error = await store.checkpoint(Checkpoint(routed=1))

    assert append.error is not None
    assert append.error.code == "store-closed"
    assert error is not None
    assert error.code == "store-closed"
