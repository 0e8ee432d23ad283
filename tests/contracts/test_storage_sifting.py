"""Sifting dead letters by what no condition says, for every engine."""

from collections.abc import Sequence

from broker.storage.desk import Sieve, Sifted, Term
from broker.storage.rows import Checkpoint, DeadLetter
from tests.contracts.store import Store, letter

NAMES = "abcdefgh"


async def fill(store: Store) -> None:
    letters = [letter(name, dead_seconds=second) for second, name in enumerate(NAMES)]
    assert await store.checkpoint(Checkpoint(dead_letters=tuple(letters))) is None


async def sift_all(store: Store, sieve: Sieve, rows: int, limit: int) -> Sequence[Sifted]:
    found: list[Sifted] = []
    cursor: str | None = None
    while not found or cursor is not None:
        found.append(await store.engine.desk.sift((), sieve, cursor, rows, limit))
        cursor = found[-1].next
    return found


def ids(found: Sequence[Sifted]) -> list[str]:
    return [one.id for sifted in found for one in sifted.items]


async def test_a_sieve_is_asked_of_each_row_once(store: Store) -> None:
    await fill(store)
    asked: list[str] = []

    def keeps(one: DeadLetter) -> bool:
        asked.append(one.id)
        return one.id in "bdg"

    found = await sift_all(store, Sieve(keeps), 3, 9)

    assert (ids(found), asked) == (list("gdb"), list(reversed(NAMES)))
    assert [sifted.looked for sifted in found] == [3, 3, 2]


async def test_sifting_ends_at_the_limit_and_goes_on_behind_it(store: Store) -> None:
    await fill(store)
    sieve = Sieve(lambda one: one.id in "bdg")

    found = await sift_all(store, sieve, 8, 1)

    assert ids(found) == list("gdb")
    assert [sifted.looked for sifted in found] == [2, 3, 2, 1]


async def test_nothing_is_asked_of_a_row_whose_data_lack_a_text(store: Store) -> None:
    await fill(store)
    absent = Sieve(lambda _: True, (b"nowhere in these data",))

    (sifted,) = await sift_all(store, absent, 100, 100)

    assert sifted == Sifted((), len(NAMES), None)


async def test_data_with_a_text_or_a_backslash_are_asked(store: Store) -> None:
    held = [b'{"a": "Bern"}', b'{"a": "B\\u0065rn"}', b'{"a": "Basel"}', b'{"b": "Bern", "a": "x"}']
    letters = [letter(str(number), data=data) for number, data in enumerate(held)]
    assert await store.checkpoint(Checkpoint(dead_letters=tuple(letters))) is None

    found = await sift_all(store, Sieve(lambda _: True, (b"Bern",)), 100, 100)

    assert sorted(ids(found)) == ["0", "1", "3"]


async def test_sifting_meets_its_condition(store: Store) -> None:
    letters = [letter("a", group="g"), letter("b", group="h")]
    assert await store.checkpoint(Checkpoint(dead_letters=tuple(letters))) is None
    condition = (Term("group", "=", "g"),)

    sifted = await store.engine.desk.sift(condition, Sieve(lambda _: True), None, 9, 9)

    assert ids([sifted]) == ["a"]
