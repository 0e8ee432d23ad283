import pytest

from broker.errors import Invalid
from sinks.inference.path import DataPath

DATA = {"a": [{"b": 1}, {"b": 2}], "x/y": 3, "": 4, "0": 5}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("", [DATA]),
        ("/a/1/b", [2]),
        ("/x~1y", [3]),
        ("/", [4]),
        ("/0", [5]),
        ("/a/01", []),
        ("/a/9", []),
        ("/a/-1", []),
        ("/none", []),
        ("$", [DATA]),
        ("$.a[0].b", [1]),
        ("$.a[-1]['b']", [2]),
        ("$.a[*].b", [1, 2]),
        ('$["x/y"]', [3]),
        ("$.a.*.b", [1, 2]),
        ("$.a[7]", []),
    ],
)
def test_a_path_finds_what_it_names(path: str, found: list[object]) -> None:
    assert DataPath(path).find(DATA) == found


def test_a_single_path_gives_the_value_and_a_wildcard_all_of_them() -> None:
    assert DataPath("$.a[1].b").one(DATA) == 2
    assert DataPath("$.a[*].b").one(DATA) == [1, 2]


def test_nothing_found_names_the_path() -> None:
    with pytest.raises(Invalid, match="'/none'") as raised:
        DataPath("/none").one(DATA)

    assert raised.value.code == "missing-field"


@pytest.mark.parametrize("path", ["a", "$a", "$..a", "$.a[?@.b]", "$.a[0:1]", "$.a[", "$.", "#/a"])
def test_what_is_not_read_is_refused_when_compiled(path: str) -> None:
    with pytest.raises(Invalid) as raised:
        DataPath(path)

    assert raised.value.code == "invalid-path"
