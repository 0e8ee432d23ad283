"""Events about headrace on their way through a door that may refuse them."""

from collections.abc import Sequence

from broker.errors import DuplicateDiffers, HeadraceError, Overloaded, TooLarge
from broker.event import Event
from broker.storage.rows import Record
from broker.waiting import ACCEPTED, Done
from tests.contracts.store import OwnClock
from triggers.groups.announcer import EVENTS_A_MINUTE, PRINCIPAL, Announcer
from triggers.groups.events import system_event

RECORD = Record("desk/group/g", b"{}")


class Door:
    """Gives `answers` one after the other, then takes everything; keeps what it was asked."""

    def __init__(self, *answers: HeadraceError) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[int, int]] = []  # events, records
        self.types: list[str] = []
        self.principals: set[str] = set()

    def accept(
        self,
        events: Sequence[Event],
        done: Done,
        principal: str = "",
        records: Sequence[Record] = (),
        is_system: bool = False,
    ) -> None:
        assert is_system
        self.asked.append((len(events), len(records)))
        self.principals.add(principal)
        if self.answers:
            done(self.answers.pop(0))
            return
        self.types += [event.type for event in events]
        done(ACCEPTED)


def event(number: int, clock: OwnClock) -> Event:
    return system_event("default/b", "deadletter.opened", "g", str(number), {}, clock.now())


async def test_what_is_refused_for_now_is_said_to_be_untold() -> None:
    clock, door = OwnClock(), Door(Overloaded("busy"))
    announcer = Announcer("default/b", door, clock)

    told = [await announcer.tell(event(1, clock), [RECORD]) for _ in range(2)]

    assert told == [False, True]
    assert (door.asked, door.principals) == ([(1, 1), (1, 1)], {PRINCIPAL})
    assert announcer.omitted == 0


async def test_what_can_never_be_stored_is_left_out_and_not_tried_again() -> None:
    clock, door = OwnClock(), Door(TooLarge("too large"))
    announcer = Announcer("default/b", door, clock)

    assert await announcer.tell(event(1, clock), [RECORD])

    assert (door.asked, announcer.omitted) == ([(1, 1), (0, 1)], 1)


async def test_what_was_stored_before_is_not_left_out() -> None:
    clock, door = OwnClock(), Door(DuplicateDiffers("other count"))
    announcer = Announcer("default/b", door, clock)

    assert await announcer.tell(event(1, clock), [RECORD])

    assert (door.asked, announcer.omitted) == ([(1, 1), (0, 1)], 0)


async def test_a_minute_takes_so_many_and_then_says_how_many_more() -> None:
    clock, door = OwnClock(), Door()
    announcer = Announcer("default/b", door, clock)

    for number in range(EVENTS_A_MINUTE + 7):
        await announcer.tell(event(number, clock), [RECORD])
    clock.move(61.0)
    await announcer.tell_omitted()

    assert len(door.types) == EVENTS_A_MINUTE + 1
    assert door.types[-1] == "dev.headrace.system.omitted"
    assert len(door.asked) == EVENTS_A_MINUTE + 8  # the records of all were written
    assert announcer.omitted == 0


def test_an_event_has_the_same_id_each_time_it_is_made() -> None:
    clock = OwnClock()
    first = event(1, clock)
    clock.move(5.0)

    assert event(1, clock).id == first.id
    assert event(2, clock).id != first.id
