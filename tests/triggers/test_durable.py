"""What retention may not touch: by what is on disk, whatever memory thinks."""

from hypothesis import given
from hypothesis import strategies as st

from broker.storage.memory.load import load
from broker.storage.memory.state import State
from broker.storage.rows import Checkpoint, Cursor, WaitingRow
from triggers.durable import Durable

NAMES = st.sampled_from(["n/a", "n/b", "n/c"])
OFFSETS = st.integers(0, 100)
CHECKPOINTS = st.builds(
    Checkpoint,
    routed=st.none() | OFFSETS,
    cursors=st.lists(
        st.builds(Cursor, NAMES, OFFSETS), max_size=3, unique_by=lambda one: one.trigger
    ).map(tuple),
    waiting=st.lists(
        st.builds(WaitingRow, NAMES, OFFSETS, st.just("key")), max_size=4
    ).map(tuple),
    unwaiting=st.lists(st.tuples(NAMES, OFFSETS), max_size=8).map(tuple),
    following=st.lists(NAMES, max_size=2).map(tuple),
)  # fmt: skip


@given(before=st.lists(CHECKPOINTS, max_size=4), after=st.lists(CHECKPOINTS, max_size=8))
def test_it_knows_what_a_crash_at_any_moment_would_find(
    before: list[Checkpoint], after: list[Checkpoint]
) -> None:
    state, durable, fresh = State("00000000"), Durable(), Durable()
    for checkpoint in before:
        state.apply(checkpoint)
    durable.load(load(state))

    for checkpoint in after:
        state.apply(checkpoint)
        durable.note(checkpoint)

    fresh.load(load(state))
    assert durable.lowest_needed() == fresh.lowest_needed()


def test_without_cursors_what_is_routed_is_not_needed() -> None:
    durable = Durable()

    durable.note(Checkpoint(routed=40))

    assert durable.lowest_needed() == 41


def test_the_slowest_cursor_is_needed_until_it_moves() -> None:
    durable = Durable()
    durable.note(Checkpoint(routed=40, cursors=(Cursor("a", 7), Cursor("b", 30))))

    slow = durable.lowest_needed()
    durable.note(Checkpoint(following=("a",)))

    assert (slow, durable.lowest_needed()) == (8, 31)


def test_an_event_that_a_row_names_is_needed_however_far_all_cursors_are() -> None:
    durable = Durable()
    durable.note(Checkpoint(routed=40, waiting=(WaitingRow("a", 5, "k"), WaitingRow("a", 9, "k"))))

    named = durable.lowest_needed()
    durable.note(Checkpoint(unwaiting=(("a", 5),)))

    assert (named, durable.lowest_needed()) == (5, 9)


def test_a_row_that_was_never_there_may_go() -> None:
    durable = Durable()

    durable.note(Checkpoint(routed=3, unwaiting=(("a", 5),)))

    assert durable.lowest_needed() == 4
