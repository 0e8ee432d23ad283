"""A delivery and its way back: the same delivery over all its attempts."""

from broker.delivery import Delivery
from broker.storage.rows import Place
from tests.triggers.workshop import row, stored
from triggers.carriage import Carriage, fresh, resumed


def facts(carriage: Carriage) -> tuple[object, ...]:
    return (carriage.id, carriage.trigger, carriage.offset, carriage.attempt, carriage.step)


def test_the_first_attempt_of_an_event_has_no_row() -> None:
    one = stored(7)

    carriage = fresh("0000abcd/default/t/", "default/t", one)

    assert facts(carriage) == ("0000abcd/default/t/7", "default/t", 7, 1, "deliver")
    assert (carriage.event, carriage.stored_at) == (one.event, one.stored_at)
    assert (carriage.row, carriage.waiting, carriage.order_key) == (None, False, None)


def test_the_next_attempt_goes_on_as_its_row_says() -> None:
    parked = row(7, attempt=3, order_key="a", delivery_id="0000abcd/default/t/7")

    carriage = resumed(parked)

    assert facts(carriage) == ("0000abcd/default/t/7", "default/t", 7, 3, "deliver")
    assert (carriage.row, carriage.order_key, carriage.waiting) == (parked, "a", False)
    assert carriage.stored_at == parked.stored_at


def test_its_place_is_that_of_its_row() -> None:
    parked = row(7, place=Place("default/t#dead-letter", 7, "dead-letter"))

    assert resumed(parked).place == parked.place


def test_a_sink_sees_a_delivery() -> None:
    assert isinstance(fresh("x/", "default/t", stored(1)), Delivery)
