"""Events whose records are put into one tensor: each as it would be alone, odd ones among them."""

import time
from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from broker.delivery import Delivered, Failed, Outcome
from tests.sinks.inference.test_onnx_columns import NAMES, iris
from tests.sinks.making import a_delivery, an_event

FLOWER: dict[str, Any] = dict(zip(NAMES, (5.1, 3.5, 1.4, 0.2), strict=True))
OTHER: dict[str, Any] = dict(zip(NAMES, (6.7, 3, 5.2, 2.3), strict=True))
ODD = {
    "a field missing": dict.fromkeys(NAMES[1:], 1.0),
    "a text": {**FLOWER, NAMES[0]: "5.1"},
    "a boolean": {**FLOWER, NAMES[0]: True},
    "null": {**FLOWER, NAMES[0]: None},
    "too large": {**FLOWER, NAMES[0]: 1e300},
    "no record": [],
    "a list of a list": [[1.0, 2.0, 3.0, 4.0]],
    "null alone": None,
}


async def predicted(*data: bytes) -> Sequence[Outcome]:
    sink = iris()
    deliveries = [a_delivery(an_event(each), number=n) for n, each in enumerate(data)]
    try:
        return await sink.deliver(deliveries, time.monotonic() + 60.0)
    finally:
        await sink.close()


def species(outcome: Outcome) -> list[str]:
    assert isinstance(outcome, Delivered), outcome
    assert outcome.reply is not None
    found: list[str] = orjson.loads(outcome.reply.data or b"")["species"]
    return found


async def test_records_and_lists_of_them_get_what_is_theirs() -> None:
    data = map(orjson.dumps, (FLOWER, [OTHER, FLOWER], OTHER))

    outcomes = await predicted(*data)

    assert [species(each) for each in outcomes] == [
        ["setosa"],
        ["virginica", "setosa"],
        ["virginica"],
    ]


@pytest.mark.parametrize("odd", ODD.values(), ids=list(ODD))
async def test_an_odd_event_fails_alone_and_as_it_fails_without_others(odd: object) -> None:
    data = orjson.dumps(odd)

    (alone,) = await predicted(data)
    before, beside, behind = await predicted(orjson.dumps(FLOWER), data, orjson.dumps(OTHER))

    assert isinstance(alone, Failed)
    assert isinstance(beside, Failed)
    assert (beside.outcome_class, beside.message) == (alone.outcome_class, alone.message)
    assert (species(before), species(behind)) == (["setosa"], ["virginica"])


async def test_data_that_is_no_json_fails_alone() -> None:
    first, odd = await predicted(orjson.dumps(FLOWER), b"{")

    assert species(first) == ["setosa"]
    assert isinstance(odd, Failed)
