"""FairQueue: one chatty source does not make another's events wait."""

from random import Random

from tests.triggers.workshop import stored
from triggers.fair_queue import GAPS_MAX, OLDEST_EACH, FairQueue, pop_oldest

CHATTY, QUIET = "/chatty", "/quiet"


def of(source: str, first: int, count: int) -> list:  # type: ignore[type-arg]
    return [stored(offset, source=source) for offset in range(first, first + count)]


def taken(queue: FairQueue, count: int) -> list[int]:
    return [queue.popleft().offset for _ in range(count)]


def test_ten_events_behind_ten_thousand_of_another_source_come_within_the_first_twenty_four() -> (
    None
):
    queue = FairQueue([*of(CHATTY, 1, 10_000), *of(QUIET, 10_001, 10)])

    first = taken(queue, 24)

    assert [one for one in first if one > 10_000] == list(range(10_001, 10_011))


def test_every_eighth_place_is_for_whoever_came_first_whatever_its_source() -> None:
    many = [stored(offset, source=f"/{offset}") for offset in range(2, 1_000)]
    queue = FairQueue([*of(CHATTY, 1_000, 2), *many])
    queue.popleft()

    places = [queue.popleft().offset for _ in range(OLDEST_EACH)]

    assert places.index(1_001) == OLDEST_EACH - 2


def test_one_source_alone_keeps_its_order() -> None:
    queue = FairQueue(of(CHATTY, 1, 100))

    assert taken(queue, 100) == list(range(1, 101))


def test_each_source_keeps_its_order_and_nothing_is_lost_or_given_twice() -> None:
    seed = Random().randrange(1 << 32)
    print(f"seed {seed}")
    random = Random(seed)
    events = [stored(offset, source=f"/{random.randrange(7)}") for offset in range(1, 2_001)]
    queue, given = FairQueue(), []

    for one in events:
        queue.append(one)
        while queue and random.random() < 0.4:
            take = pop_oldest if random.random() < 0.1 else FairQueue.popleft
            given.append(take(queue))
    given += [queue.popleft() for _ in range(len(queue))]

    assert sorted(one.offset for one in given) == list(range(1, 2_001))
    for source in {one.event.source for one in events}:
        offsets = [one.offset for one in given if one.event.source == source]
        assert offsets == sorted(offsets)


def test_beyond_as_many_gaps_as_a_cursor_may_have_the_oldest_go_first_until_there_are_fewer() -> (
    None
):
    queue = FairQueue([*of(CHATTY, 1, 10), *of(QUIET, 11, 10)])

    queue.note_gaps(GAPS_MAX)
    oldest = taken(queue, 4)
    queue.note_gaps(GAPS_MAX - 1)

    assert oldest == [1, 2, 3, 4]
    assert set(taken(queue, 2)) == {5, 11}
