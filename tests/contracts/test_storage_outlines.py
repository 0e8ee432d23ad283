"""The outlines of dead letters, and sheets of many, for every engine."""

from broker.storage.desk import Outline, Term
from broker.storage.rows import Checkpoint
from broker.storage.sheet import Share
from tests.contracts.store import Store, at, letter


async def test_outlines_go_on_page_by_page_as_dead_letters_do(store: Store) -> None:
    letters = [letter(name, dead_seconds=second) for second, name in enumerate("abcde")]
    assert await store.checkpoint(Checkpoint(dead_letters=tuple(letters))) is None
    desk = store.engine.desk

    first, cursor = await desk.outlines((), None, 3)
    rest, end = await desk.outlines((), cursor, 3)

    assert [one.id for one in (*first, *rest)] == list("edcba")
    assert end is None


async def test_an_outline_says_what_a_dead_letter_counts_as(store: Store) -> None:
    kept = letter("x", dead_seconds=7, group="g")
    assert await store.checkpoint(Checkpoint(dead_letters=(kept, letter("y", group="h")))) is None

    found, _ = await store.engine.desk.outlines((Term("group", "=", "g"),), None, 10)

    size_bytes = kept.event.size_bytes
    assert found == [Outline("x", "default/a", 1, "attempts", "g", size_bytes, at(7), 0)]


async def test_a_sheet_sums_up_what_its_dead_letters_have_in_common(store: Store) -> None:
    letters = [letter(name, dead_seconds=second) for second, name in enumerate("abcd")]
    letters.append(letter("e", dead_seconds=9, trigger="default/z", group="h", reason="age"))
    assert await store.checkpoint(Checkpoint(dead_letters=tuple(letters))) is None

    sheet = await store.engine.desk.sheet((), None, 10, (at(3), at(1)))

    each = letters[0].event.size_bytes
    assert sheet.placed == {
        "default/z": [(1, "e")],
        "default/a": [(1, name) for name in "dcba"],
    }
    assert sorted(sheet.shares, key=lambda one: (one.trigger, one.age)) == [
        Share("default/a", "attempts", "g", 0, 1, each, 0),
        Share("default/a", "attempts", "g", 1, 2, 2 * each, 0),
        Share("default/a", "attempts", "g", 2, 1, each, 0),
        Share("default/z", "age", "h", 0, 1, letters[4].event.size_bytes, 0),
    ]
    assert (sheet.count, sheet.next) == (5, None)


async def test_sheets_go_on_until_there_is_nothing_left(store: Store) -> None:
    letters = [letter(name, dead_seconds=second) for second, name in enumerate("abcdef")]
    assert await store.checkpoint(Checkpoint(dead_letters=tuple(letters))) is None
    ids: list[str] = []
    cursor: str | None = None

    while True:
        sheet = await store.engine.desk.sheet((), cursor, 2, ())
        ids += [one for placed in sheet.placed.values() for _, one in placed]
        if (cursor := sheet.next) is None:
            break

    assert ids == list("fedcba")
