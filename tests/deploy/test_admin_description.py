"""The description of the interface is whole: for each operation what it does, shows and takes."""

from typing import Any

import pytest

from broker.clock import SteadyClock
from broker.telemetry import Telemetry
from deploy.access.roles import Role
from deploy.admin.app import ROUTERS, create_app
from deploy.admin.description import REFUSALS, describe
from deploy.running import Running
from triggers.pool import Pool

WORDS = [role.word for role in Role]


def document() -> dict[str, Any]:
    clock = SteadyClock()
    app = create_app(Running(clock, Telemetry(), Pool(clock.monotonic)))
    return describe(app, list(ROUTERS))


DOCUMENT = document()
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}
API = {name: operation for name, operation in OPERATIONS.items() if " /api/" in name}


def test_it_says_what_it_describes() -> None:
    facts = DOCUMENT["info"]

    assert facts["title"] == "headrace"
    assert facts["version"].count(".") == 2
    assert DOCUMENT["openapi"].startswith("3.1")


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_says_what_it_does_and_which_role_it_takes(name: str) -> None:
    operation = OPERATIONS[name]
    last = operation["description"].splitlines()[-1]

    assert operation["summary"]
    assert len(operation["description"].splitlines()) >= 2, "remedy: a docstring at the route"
    assert last == "Takes no token." or last.removesuffix(".").rpartition(" ")[2] in WORDS
    assert (last == "Takes no token.") == ("security" not in operation)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_has_one_tag_that_is_described(name: str) -> None:
    described = {tag["name"] for tag in DOCUMENT["tags"] if tag["description"]}

    (tag,) = OPERATIONS[name]["tags"]

    assert tag in described
    assert " /api/" not in name or tag != "health", "remedy: a row in description.TAG_OF"


@pytest.mark.parametrize("name", API)
def test_every_operation_shows_an_answer(name: str) -> None:
    answers = API[name]["responses"]["200"]["content"].values()

    is_shown = all("example" in answer for answer in answers)
    assert is_shown, "remedy: a row in deploy.admin.example_answers.ANSWERS, or at the route"


@pytest.mark.parametrize("name", API)
def test_every_operation_lists_its_refusals_as_problems(name: str) -> None:
    responses = API[name]["responses"]

    for status in REFUSALS:
        content = responses[status]["content"]["application/problem+json"]
        assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
        assert content["example"]["status"] == int(status)
    assert "422" not in responses


@pytest.mark.parametrize("name", [name for name in API if name.startswith("POST ")])
def test_every_verb_shows_what_it_takes(name: str) -> None:
    schema = API[name]["requestBody"]["content"]["application/json"]["schema"]
    kind = schema.get("$ref", "").rpartition("/")[2]
    model = DOCUMENT["components"]["schemas"].get(kind, schema)

    assert model.get("additionalProperties") is False, "remedy: extra forbidden in the model"
