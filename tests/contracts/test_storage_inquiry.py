"""Looking into one event's story: what each engine answers about an id or an offset."""

import asyncio

from broker.event import Cause
from broker.storage.rows import Checkpoint, Reply, WaitingRow
from tests.contracts.store import Store, event, parked

A, B, C = "default/a", "default/b", "default/c"


async def test_an_id_is_found_in_every_part_of_a_long_log(store: Store) -> None:
    sizes = (1, 4000, 200, 3000, 1, 5000, 10)
    for number, size in enumerate(sizes):
        rest = [event(f"{number}-{n}") for n in range(size - 1)]
        await store.append(*rest[: size // 2], event("wanted", b"%d" % number), *rest[size // 2 :])

    found = await store.engine.log.find("wanted")

    assert [stored.event.data for stored in found] == [b"6", b"5", b"4", b"3", b"2", b"1", b"0"]


async def test_an_id_that_repeats_without_end_is_found_as_often_as_asked(store: Store) -> None:
    for _ in range(3):
        await store.append(*(event("same") for _ in range(3000)))

    found = await store.engine.log.find("same", limit=5)

    assert [stored.offset for stored in found] == [9000, 8999, 8998, 8997, 8996]


async def test_an_id_is_found_after_pruning_and_reopening(store: Store) -> None:
    for number in range(3):
        await store.append(*(event(f"{number}-{n}") for n in range(3000)), event("wanted"))
    await store.engine.log.prune(5000, limit=5000)

    await store.reopen()
    await store.append(*(event(f"later-{n}") for n in range(4000)))
    found = await store.engine.log.find("wanted")

    assert [stored.offset for stored in found] == [9003, 6002]


async def test_replies_are_found_by_their_cause(store: Store) -> None:
    await store.append(event("cause"))
    replies = tuple(Reply(event(f"r{n}"), b"%08d" % n, Cause(1, A)) for n in range(3))
    await store.checkpoint(Checkpoint(replies=replies))
    await store.checkpoint(Checkpoint(replies=(Reply(event("r"), b"r" * 8, Cause(2, B)),)))
    log = store.engine.log

    found = await log.caused_by(1, limit=2)

    assert [(stored.offset, stored.event.id) for stored in found] == [(2, "r0"), (3, "r1")]
    assert found[0].cause is not None
    assert found[0].cause.trigger == A
    assert [stored.event.id for stored in await log.caused_by(2, 10)] == ["r"]
    assert list(await log.caused_by(5, 10)) == []


async def test_a_pruned_reply_is_found_no_more(store: Store) -> None:
    reply = Reply(event("r"), b"12345678", Cause(1, A))
    await store.append(event("cause"))
    await store.checkpoint(Checkpoint(replies=(reply,)))

    await store.engine.log.prune(2)

    assert list(await store.engine.log.caused_by(1, 10)) == []


async def test_the_rows_of_one_event_are_found_whatever_the_trigger(store: Store) -> None:
    rows = (parked(7, trigger=B), parked(7, trigger=A), parked(7, trigger=A, step="dead-letter"))
    others = (parked(8, trigger=A), parked(6, trigger=C))
    waiting = (WaitingRow(C, 7, "k"), WaitingRow(B, 7, "k"), WaitingRow(A, 9, "k"))
    await store.checkpoint(Checkpoint(parked=(*rows, *others), waiting=waiting))
    log = store.engine.log

    found, behind = await log.rows_at(7, 10)

    places = [(row.place.trigger, row.place.step) for row in found]
    assert places == [(A, "dead-letter"), (A, "deliver"), (B, "deliver")]
    assert (found[1].attempts, found[1].due_at) == (rows[1].attempts, rows[1].due_at)
    assert found[1].event.data == rows[1].event.data
    assert [row.trigger for row in behind] == [B, C]
    assert [len(kind) for kind in await log.rows_at(7, 1)] == [1, 1]
    assert [list(kind) for kind in await log.rows_at(99, 10)] == [[], []]


async def test_looking_beside_a_writer_never_finds_an_event_twice(store: Store) -> None:
    async def write() -> None:
        for number in range(40):
            await store.append(*(event(f"{number}-{n}") for n in range(300)))

    await store.append(event("wanted"))
    writing = asyncio.create_task(write())
    counts = set()
    while not writing.done():
        counts.add(len(await store.engine.log.find("wanted")))
        await asyncio.sleep(0)
    await writing

    assert counts == {1}
