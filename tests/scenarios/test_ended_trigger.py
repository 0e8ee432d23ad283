"""A trigger that an operator ended is gone, whatever came between its removal and its end."""

from tests.scenarios.house import House, numbered, trigger

T = "default/t"


async def test_one_that_is_paused_goes_though_more_was_stored_since(house: House) -> None:
    await house.start(trigger(), trigger("other"))
    await house.partition.steering.pause(T, "anna")
    await house.publish(numbered(1), numbered(2))
    await house.apply(trigger("other"))
    await house.publish(*(numbered(n) for n in range(3, 10)))

    ended = await house.partition.steering.end(T, "dead-letter", "anna", "nobody reads it")
    await house.until(lambda: T not in house.partition.lanes)

    assert ended.count == 2
    assert sorted(letter.event.id for letter in await house.dead_letters()) == ["1", "2"]
    assert house.ids() == []
