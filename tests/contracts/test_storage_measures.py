"""What metrics ask of a store: when something was stored, what is about to be forgotten, room."""

from broker.storage.rows import Checkpoint, DeadState, Move
from tests.contracts.store import Store, at, event, letter


async def test_the_times_of_offsets_are_those_of_their_commits(store: Store) -> None:
    for number in range(3):
        await store.append(event(f"a-{number}"), event(f"b-{number}"))
        store.clock.move(10)

    times = await store.engine.log.stored_times([1, 2, 3, 6])

    assert times == {1: at(0), 2: at(0), 3: at(10), 6: at(20)}


async def test_an_offset_beyond_the_end_has_no_time(store: Store) -> None:
    await store.append(event("a"))

    assert await store.engine.log.stored_times([2, 99]) == {}
    assert await store.engine.log.stored_times([]) == {}


async def test_only_dead_letters_in_state_dead_count_as_about_to_expire(store: Store) -> None:
    letters = tuple(letter(f"l-{number}", number) for number in range(5))
    await store.checkpoint(Checkpoint(dead_letters=letters))
    move = Move("l-0", (DeadState.DEAD,), DeadState.DISCARDED, at(9), "me")
    await store.checkpoint(Checkpoint(moves=(move,)))
    desk = store.engine.desk

    counts = [await desk.dead_before(at(seconds)) for seconds in (0, 1, 3, 99)]

    assert counts == [0, 0, 2, 4]
    assert await desk.dead_before(at(99), limit=3) == 3


async def test_a_store_on_disk_says_its_room_and_its_reserve(store: Store) -> None:
    sizes = await store.engine.log.sizes()

    is_on_disk = sizes.file_bytes > 0
    assert (sizes.disk_free_bytes > 0) is is_on_disk
    assert sizes.reserve_bytes == (65536 if is_on_disk else 0)
