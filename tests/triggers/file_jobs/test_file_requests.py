"""Records to events of a call, and predictions back."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from broker.clock import SteadyClock
from broker.codec import make_event
from broker.delivery import Delivered, Failed, OutcomeClass
from sinks.inference.protocols import make_protocol
from sinks.inference_spec import InferenceSinkSpec
from triggers.file_jobs.requests import (
    Origin,
    Prediction,
    each_delivered,
    gives_rows,
    one_delivery,
    one_prediction,
    record_of,
    spread,
    takes_rows,
)

ORIGIN = Origin("default/t", 5, "file/j", "/default/b/t", "a.csv", "j")
COLUMNS = {"columns": {"names": ["x"]}}


def answered(data: Any) -> Delivered:
    attributes = {"specversion": "1.0", "id": "r", "source": "/m", "type": "r"}
    return Delivered(make_event(attributes, orjson.dumps(data)))


def test_many_records_are_one_event_whose_data_is_their_list() -> None:
    records = [record_of(row, {"x": row}) for row in (3, 4)]

    delivery = one_delivery(ORIGIN, records, attempt=2)

    assert delivery.event.data == b'[{"x":3},{"x":4}]'
    assert (delivery.id, delivery.attempt, delivery.offset) == ("file/j/3-4", 2, 5)
    assert "." not in delivery.id


def test_bytes_go_one_by_one_as_they_are() -> None:
    (delivery,) = each_delivered(ORIGIN, [record_of(1, b"\x89PNG")], 1)

    assert delivery.event.data == b"\x89PNG"
    assert delivery.event.attributes["datacontenttype"] == "application/octet-stream"


def test_the_answer_to_a_list_is_divided_by_its_rows() -> None:
    found = spread(answered({"label": [0, 2], "score": [[0.1], [0.9]]}), 2)

    assert values_of(found) == [{"label": 0, "score": [0.1]}, {"label": 2, "score": [0.9]}]
    assert values_of(spread(answered([7, 8]), 2)) == [7, 8]


def test_each_prediction_knows_the_reply_that_it_came_with() -> None:
    (first, second) = spread(answered([7, 8]), 2)

    assert isinstance(first, Prediction)
    assert isinstance(second, Prediction)
    assert first.reply["type"] == second.reply["type"] == "r"


def values_of(found: Sequence[Prediction | Failed]) -> list[object]:
    assert all(isinstance(each, Prediction) for each in found)
    return [each.value for each in found if isinstance(each, Prediction)]


@pytest.mark.parametrize("data", [[1], {"a": [1]}, {"a": [1, 2], "b": 3}, {}, "x", None])
def test_an_answer_without_a_row_for_each_record_is_suspicious(data: Any) -> None:
    found = spread(answered(data), 2)

    assert [type(each) for each in found] == [Failed, Failed]
    assert isinstance(found[0], Failed)
    assert found[0].outcome_class is OutcomeClass.SUSPECT


def test_a_record_alone_gets_what_it_would_have_got_in_a_list() -> None:
    assert one_prediction(answered({"label": [0]}), is_row=True).value == {"label": 0}
    assert one_prediction(answered({"label": [0]}), is_row=False).value == {"label": [0]}
    assert one_prediction(answered("a text"), is_row=True).value == "a text"
    assert one_prediction(Delivered(), is_row=True) == Prediction(None)


@pytest.mark.parametrize(
    ("protocol", "input", "output", "takes"),
    [
        ("onnx", COLUMNS, {}, True),
        ("v1", COLUMNS, {"take": "predictions"}, True),
        ("v2", COLUMNS, {"take": "raw"}, False),
        ("v2", COLUMNS, {"path": "/a/0"}, False),
        ("v1", {"instances": ""}, {}, False),
        ("openai", {"prompt": "{{ data/x }}"}, {}, False),
    ],
)
def test_only_rows_of_columns_with_a_whole_answer_go_as_a_list(
    protocol: Any, input: dict[str, Any], output: dict[str, Any], takes: bool
) -> None:
    spec = InferenceSinkSpec("default/m", protocol, "http://h", input=input, output=output)

    assert takes_rows(spec) is takes


@pytest.mark.parametrize(
    ("protocol", "input", "output", "gives"),
    [
        ("onnx", COLUMNS, {}, True),
        ("onnx", {"instances": ""}, {}, True),
        ("v2", {"bytes": {}}, {}, True),
        ("onnx", {"instances": "$[*]"}, {}, False),
        ("onnx", {"data": ""}, {}, False),
        ("v1", COLUMNS, {}, False),
        ("v2", COLUMNS, {"take": "predictions"}, False),
    ],
)
def test_outputs_have_one_row_where_a_record_is_one_and_they_come_whole(
    protocol: Any, input: dict[str, Any], output: dict[str, Any], gives: bool
) -> None:
    spec = InferenceSinkSpec("default/m", protocol, "http://h", input=input, output=output)

    assert gives_rows(spec) is gives


@pytest.mark.parametrize(
    ("protocol", "input", "where"),
    [
        ("v1", {"instances": ""}, ("instances",)),
        ("v2", {"instances": ""}, ("inputs", 0)),
        (
            "v2",
            {"tensors": [{"name": "image", "datatype": "UINT8", "shape": [1, 1, 2, 3]}]},
            ("inputs", 0),
        ),
    ],
)
def test_tensors_of_images_share_a_call(
    protocol: Any, input: dict[str, Any], where: tuple[Any, ...]
) -> None:
    picture = orjson.Fragment(b"[[[255,0,0],[0,0,255]]]")
    records = [record_of(row, picture) for row in (1, 2)]
    spec = InferenceSinkSpec("default/m", protocol, "http://h", input=input, model="m")
    speaker = make_protocol(spec, SteadyClock().now)

    items = [speaker.item(delivery) for delivery in each_delivered(ORIGIN, records, 1)]
    body = orjson.loads(speaker.request(items).body)

    found: Any = body
    for step in where:
        found = found[step]
    if protocol == "v1":
        assert found == [[[[255, 0, 0], [0, 0, 255]]]] * 2
    else:
        assert (found["shape"], found["data"]) == ([2, 1, 2, 3], [255, 0, 0, 0, 0, 255] * 2)
    assert items[0].key == items[1].key
