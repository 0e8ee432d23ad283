"""The delivered event that is nearest to a dead letter."""

from collections.abc import Callable

from broker.delivery import Delivered, Delivery, Failed, Outcome, OutcomeClass, Reason
from tests.scenarios.house import House, numbered, trigger
from triggers.story.nearest import ASKED_MAX, Nearest, Search

REFUSED = Failed(OutcomeClass.BAD_INPUT, "HTTP 422", status=422, reason=Reason.REFUSED)


def refuse(*ids: str) -> Callable[[Delivery], Outcome]:
    def answer(delivery: Delivery) -> Outcome:
        return REFUSED if delivery.event.id in ids else Delivered()

    return answer


async def nearest(house: House, id: str) -> Nearest:
    letters = {letter.event.id: letter for letter in await house.dead_letters()}
    return await Search(house.partition, letters[id]).nearest()


async def test_it_is_of_its_type_delivered_and_nearest(house: House) -> None:
    house.answers("t", refuse("5", "6"))
    await house.start(trigger())
    kinds = {1: "t", 2: "other", 3: "t", 4: "other", 5: "t", 6: "t", 7: "other", 8: "t"}
    await house.publish(*(numbered(number, type=kind) for number, kind in kinds.items()))
    await house.settle()

    found = await nearest(house, "5")

    assert found.stored is not None
    assert (found.stored.event.id, found.is_complete) == ("3", True)


async def test_what_the_filter_left_out_was_not_delivered(house: House) -> None:
    house.answers("t", refuse("2"))
    await house.start(trigger(filters=[{"exact": {"subject": "a"}}]))
    await house.publish(
        numbered(1, subject="b"), numbered(2, subject="a"), numbered(3, subject="b")
    )
    await house.settle()

    assert await nearest(house, "2") == Nearest(None, 2, True)


async def test_it_is_found_pages_away(house: House) -> None:
    house.answers("t", refuse("700"))
    await house.start(trigger())
    await house.publish(numbered(1))
    await house.publish(*(numbered(number, type="other") for number in range(2, 700)))
    await house.publish(numbered(700))
    await house.settle()

    found = await nearest(house, "700")

    assert found.stored is not None
    assert found.stored.event.id == "1"


async def test_it_is_found_beyond_all_that_died_in_an_outage(house: House) -> None:
    night = [str(number) for number in range(2, ASKED_MAX + 100)]
    house.answers("t", refuse(*night))
    await house.start(trigger())
    await house.publish(*(numbered(number) for number in range(1, ASKED_MAX + 100)))
    await house.settle()

    found = await nearest(house, night[-1])

    assert found.stored is not None
    assert found.stored.event.id == "1"


async def test_where_too_many_would_have_to_be_asked_about_it_does_not_say_none(
    house: House,
) -> None:
    house.answers("t", refuse("1"))
    await house.start(trigger())
    await house.publish(numbered(1))
    await house.settle()
    await house.partition.steering.pause("default/t", "ann", "")
    await house.publish(*(numbered(number) for number in range(2, ASKED_MAX + 10)))

    found = await nearest(house, "1")

    assert (found.stored, found.is_complete) == (None, False)
