"""The official conformance cases of CESQL 1.0, from the folder that CESQL_TCK names."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from triggers.filters.cesql import evaluate

FOLDER = os.environ.get("CESQL_TCK", "")

MINIMAL = {
    "specversion": "1.0",
    "id": "myId",
    "source": "http://localhost/source",
    "type": "myType",
}


class PlainTimes(yaml.SafeLoader):
    """Leaves times as the text they are, as an event carries them."""


PlainTimes.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def cases() -> list[Any]:
    """One parameter per case; the expression as written, where YAML would read a number."""
    found = []
    for path in sorted(Path(FOLDER).glob("*.yaml")) if FOLDER else []:
        text = path.read_text()
        typed = yaml.load(text, PlainTimes)["tests"]
        written = yaml.load(text, yaml.BaseLoader)["tests"]
        for case, plain in zip(typed, written, strict=True):
            case["expression"] = plain["expression"]
            found.append(pytest.param(case, id=f"{path.stem}: {case['name']}"))
    return found


@pytest.mark.skipif(
    not (FOLDER and Path(FOLDER).is_dir()),
    reason="CESQL_TCK names no folder with the conformance cases",
)
def test_the_conformance_cases_are_all_there() -> None:
    assert len(cases()) == 275


@pytest.mark.parametrize("case", cases())
def test_a_conformance_case_gives_its_value_and_its_error(case: dict[str, Any]) -> None:
    event = {**(case.get("event") or MINIMAL), **case.get("eventOverrides", {})}

    value, errors = evaluate(case["expression"], event)

    assert errors == ((case["error"],) if "error" in case else ())
    if "result" in case:
        assert (type(value), value) == (type(case["result"]), case["result"])
