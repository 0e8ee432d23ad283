"""Split: shares that stay, and batches within their bounds."""

from collections import Counter

from broker.delivery import Delivery
from sinks.inference.protocol import Item
from sinks.inference.server.split import Split, grouped
from sinks.inference_spec import VariantSpec
from tests.sinks.making import an_event


def delivery(id: str, attempt: int = 1, **attributes: str) -> Delivery:
    event = an_event(b"1", id=id, **attributes)
    return Delivery(id, "default/t", 1, attempt, "deliver", event)


def item(id: str, records: int = 1, size_bytes: int = 1, key: str = "", attempt: int = 1) -> Item:
    return Item(delivery(id, attempt), None, records, size_bytes, key)


def ids(groups: list[list[Item]]) -> list[list[str]]:
    return [[one.delivery.id for one in group] for group in groups]


def test_weights_are_shares_of_any_sum() -> None:
    split = Split("default/m", [VariantSpec("a", 9), VariantSpec("b", 1)], "id")

    found = Counter(split.variant_of(delivery(str(number))) for number in range(5000))

    assert 400 <= found["b"] <= 600


def test_the_same_value_of_the_key_goes_the_same_way() -> None:
    split = Split("default/m", [VariantSpec("a", 1), VariantSpec("b", 1)], "subject")

    found = {split.variant_of(delivery(str(n), subject="user-7")) for n in range(100)}

    assert len(found) == 1


def test_weight_nought_gets_nothing() -> None:
    split = Split("default/m", [VariantSpec("a", 1), VariantSpec("test", 0)], "id")

    assert {split.variant_of(delivery(str(n))) for n in range(100)} == {"a"}


def test_without_variants_there_is_no_name() -> None:
    assert Split("default/m", [], "id").variant_of(delivery("1")) == ""


def test_records_of_one_event_stay_together_and_no_batch_is_larger_than_allowed() -> None:
    items = [item("a", 2), item("b", 2), item("c", 9), item("d", 1)]

    assert ids(grouped(items, 4, 100)) == [["a", "b"], ["c"], ["d"]]


def test_only_items_of_one_key_share_a_call() -> None:
    items = [item("a", key="x"), item("b", key="y"), item("c", key="x")]

    assert ids(grouped(items, 4, 100)) == [["a", "c"], ["b"]]


def test_a_batch_has_at_most_so_many_bytes() -> None:
    items = [item("a", size_bytes=60), item("b", size_bytes=30), item("c", size_bytes=30)]

    assert ids(grouped(items, 64, 100)) == [["a", "b"], ["c"]]


def test_what_has_failed_twice_goes_alone() -> None:
    items = [item("a"), item("b", attempt=3), item("c")]

    assert ids(grouped(items, 64, 100)) == [["a", "c"], ["b"]]
