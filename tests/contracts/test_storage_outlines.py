"""The outlines of dead letters, for every engine."""

from broker.storage.desk import Outline, Term
from broker.storage.rows import Checkpoint
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
