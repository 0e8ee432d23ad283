"""The admin listener keeps to its own description, whatever is asked: checked by schemathesis.

Every operation gets requests made from the description and requests made to break it, always
the same ones.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from broker.clock import SteadyClock
from broker.telemetry import Telemetry
from deploy.access.roles import Role
from deploy.admin.app import ROUTERS, create_app
from deploy.admin.description import describe
from deploy.running import Running
from tests.deploy.lasting import lasting
from tests.deploy.living import Living, event
from triggers.pool import Pool

EXAMPLES = 12  # of each kind for each operation
SECONDS_MAX = 60.0
URL_CHARACTERS_MAX = 60_000  # beyond, the HTTP server refuses in its own words
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def description() -> dict[str, Any]:
    clock = SteadyClock()
    running = Running(clock, Telemetry(), Pool(clock.monotonic))
    return describe(create_app(running), list(ROUTERS))


SCHEMA = schemathesis.openapi.from_dict(description())
OPERATIONS: dict[str, Any] = {
    f"{found.ok().method.upper()} {found.ok().path}": found.ok()
    for found in SCHEMA.get_all_operations()
    if isinstance(found, Ok)  # what is no operation fails test_every_operation_was_asked
}


class Asked:
    """Where to ask, and as whom."""

    def __init__(self, url: str, token: str, headrace: Living) -> None:
        self.url = url
        self.headers = {"authorization": f"Bearer {token}"}
        self.headrace = headrace


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    tokens: list[str] = []

    async def prepare(headrace: Living) -> None:
        await headrace.publish(*(event(n, kind) for n in range(5) for kind in ("taken", "refused")))
        await headrace.rest()
        book = headrace.process.running.tokens
        assert book is not None
        tokens.append((await book.create("asking", Role.ADMIN, None, "local"))[1])

    with lasting(tmp_path_factory.mktemp("contract"), prepare) as headrace:
        yield Asked(f"http://{headrace.process.admin}", tokens[0], headrace)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("name", OPERATIONS)
def test_it_answers_as_it_says(asked: Asked, name: str, mode: GenerationMode) -> None:
    operation = OPERATIONS[name]
    if mode is GenerationMode.NEGATIVE and not takes_anything(operation):
        return

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        # The token is the test's own: without it all that could be seen is 401.
        case.headers = {
            key: value
            for key, value in (case.headers or {}).items()
            if key.lower() != "authorization"
        }
        if isinstance((case.query or {}).get("wait_seconds"), int | float):
            case.query["wait_seconds"] = 0.1  # it would be waited for
        response = case.call(base_url=asked.url, headers=asked.headers, timeout=SECONDS_MAX)
        if len(str(response.request.url)) > URL_CHARACTERS_MAX:
            assert response.status_code == 400
            return
        case.validate_response(response, checks=CHECKS)

    ask()


def takes_anything(operation: Any) -> bool:
    """Whether a request can be wrong at all: an operation without parameters takes no other."""
    return bool(list(operation.iter_parameters()) or operation.body)


def test_every_operation_was_asked() -> None:
    described = {
        f"{method.upper()} {path}"
        for path, operations in description()["paths"].items()
        for method in operations
    }

    assert described == set(OPERATIONS)


def test_after_all_that_it_is_still_whole(asked: Asked) -> None:
    failures = [
        line for line in asked.headrace.log.getvalue().splitlines() if "admin.failed" in line
    ]

    assert failures == []
    assert asked.headrace.process.failure is None
