import numpy
import pytest

from broker.errors import Invalid
from sinks.inference.tensors import to_json, to_tensor


@pytest.mark.parametrize(
    ("values", "datatype"),
    [
        ([[1, 2.5]], "FP32"),
        ([1.0, 2.0], "INT64"),
        ([True, False], "BOOL"),
        (["a", "é"], "BYTES"),
        (255, "UINT8"),
    ],
)
def test_values_are_cast_and_come_back(values: object, datatype: str) -> None:
    assert to_json(to_tensor(values, datatype, "x")) == values


@pytest.mark.parametrize(
    ("values", "datatype"),
    [
        ([True], "FP32"),
        (["1"], "FP32"),
        ([None], "FP32"),
        ([1.5], "INT64"),
        ([256], "UINT8"),
        ([-1], "UINT64"),
        ([2**63], "INT64"),
        ([1e39], "FP32"),
        ([1], "BOOL"),
        ([1], "BYTES"),
        ([[1], [1, 2]], "FP32"),
        ([{}], "FP32"),
    ],
)
def test_values_of_another_kind_or_range_are_refused(values: object, datatype: str) -> None:
    with pytest.raises(Invalid) as raised:
        to_tensor(values, datatype, "x")

    assert raised.value.code == "bad-tensor"


def test_nesting_is_bounded() -> None:
    values: object = 1
    for _ in range(40):
        values = [values]

    with pytest.raises(Invalid, match="nested deeper"):
        to_tensor(values, "FP32", "x")


def test_bytes_that_a_model_gives_become_text() -> None:
    tensor = numpy.array([b"a", b"\xff"], dtype=object)

    assert to_json(tensor) == ["a", "\ufffd"]
