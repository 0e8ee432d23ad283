"""Raw tensors there and back, by examples and by property."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from sinks.inference.flat_tensor import FlatTensor, make_tensor
from sinks.inference.protocols.encoding import BadAnswer
from sinks.inference.protocols.v2_binary import pack, unpack

VALUES: dict[str, some.SearchStrategy[Any]] = {
    "BOOL": some.booleans(),
    "BYTES": some.text(some.characters(codec="utf-8"), max_size=20),
    "FP16": some.floats(width=16, allow_nan=False, allow_infinity=False),
    "FP32": some.floats(width=32, allow_nan=False, allow_infinity=False),
    "FP64": some.floats(allow_nan=False, allow_infinity=False),
    "BF16": some.integers(-128, 128).map(float),
    **{
        f"{sign}INT{bits}": some.integers(
            0 if sign else -(2 ** (bits - 1)), 2 ** (bits if sign else bits - 1) - 1
        )
        for sign in ("", "U")
        for bits in (8, 16, 32, 64)
    },
}


def there_and_back(tensor: FlatTensor) -> FlatTensor:
    data = pack(tensor)
    entry = {
        "name": tensor.name,
        "shape": list(tensor.shape),
        "datatype": tensor.datatype,
        "parameters": {"binary_data_size": len(data)},
    }
    head = orjson.dumps({"outputs": [entry]})
    return unpack(head + data, str(len(head)))[1][0]


@pytest.mark.parametrize("datatype", list(VALUES))
@settings(max_examples=40)
@given(data=some.data())
def test_what_is_packed_is_unpacked(datatype: str, data: Any) -> None:
    values = data.draw(some.lists(VALUES[datatype], min_size=1, max_size=12))
    tensor = make_tensor("x", datatype, values)

    assert there_and_back(tensor) == tensor


@pytest.mark.parametrize(
    ("datatype", "values", "expected"),
    [
        ("INT16", [1, -2], b"\x01\x00\xfe\xff"),
        ("BOOL", [True, False], b"\x01\x00"),
        ("BYTES", ["ab", ""], b"\x02\x00\x00\x00ab\x00\x00\x00\x00"),
        ("FP16", [1.0], b"\x00\x3c"),
        ("BF16", [1.0, 3.140625], b"\x80\x3f\x49\x40"),
    ],
)
def test_raw_tensors_are_little_endian(datatype: str, values: Any, expected: bytes) -> None:
    assert pack(make_tensor("x", datatype, values)) == expected


@pytest.mark.parametrize(
    ("outputs", "data", "length"),
    [
        (None, b"", "x"),
        (None, b"", "99999"),
        ([], b"", None),
        ([{"name": "y", "shape": [2], "datatype": "INT64"}], b"", None),
        ([{"name": "y", "shape": [2], "datatype": "INT64", "n": 16}], b"\0" * 8, None),
        ([{"name": "y", "shape": [3], "datatype": "INT64", "n": 16}], b"\0" * 16, None),
        ([{"name": "y", "shape": [1], "datatype": "WHAT", "n": 8}], b"\0" * 8, None),
        ([{"name": "y", "shape": [1], "datatype": "INT64", "n": 7}], b"\0" * 7, None),
        ([{"name": "y", "shape": ["a"], "datatype": "INT64", "n": 8}], b"\0" * 8, None),
        ([{"name": "y", "shape": [1], "datatype": "BYTES", "n": 5}], b"\x09\0\0\0a", None),
        ([{"name": "y", "shape": [1], "datatype": "BYTES", "n": 2}], b"\x09\0", None),
    ],
)
def test_sizes_that_do_not_agree_make_no_answer(
    outputs: Any, data: bytes, length: str | None
) -> None:
    for entry in outputs or []:
        if "n" in entry:
            entry["parameters"] = {"binary_data_size": entry["n"]}
    head = orjson.dumps({"outputs": outputs})

    with pytest.raises(BadAnswer):
        unpack(head + data, length or str(len(head)))


@pytest.mark.parametrize("values", [[[1], [2, 3]], [[1], 2], [1, [2]], [[[1]], [[1, 2]]]])
def test_lists_of_unequal_length_are_no_tensor(values: Any) -> None:
    with pytest.raises(Exception, match="unequal"):
        make_tensor("x", "FP32", values)


@pytest.mark.parametrize(
    ("datatype", "value"),
    [
        ("INT8", 128), ("UINT8", -1), ("INT64", 2**63), ("INT32", 1.5), ("INT32", True),
        ("FP16", 65520), ("FP32", 3.5e38), ("FP64", 10**400), ("FP32", None), ("FP32", "1"),
        ("BOOL", 1), ("BYTES", 1), ("TENSOR", 1),
    ],
)  # fmt: skip
def test_a_value_that_its_datatype_cannot_hold_is_refused(datatype: str, value: Any) -> None:
    with pytest.raises(Exception, match="x has"):
        make_tensor("x", datatype, [value])


def test_whole_numbers_are_integers_and_one_dimension_follows_from_the_others() -> None:
    assert list(make_tensor("x", "INT8", [1.0, 2]).data) == [1, 2]
    assert make_tensor("x", None, [1, 2, 3, 4], [-1, 2]).shape == (2, 2)
    with pytest.raises(Exception, match="shape"):
        make_tensor("x", None, [1, 2, 3], [-1, 2])


def test_a_tensor_is_nested_and_cut_by_its_shape() -> None:
    tensor = make_tensor("x", None, [[[1, 2]], [[3, 4]], [[5, 6]]])

    assert tensor.shape == (3, 1, 2)
    assert tensor.part(1, 3).nested() == [[[3, 4]], [[5, 6]]]
    assert make_tensor("x", None, 7).shape == (1,)
