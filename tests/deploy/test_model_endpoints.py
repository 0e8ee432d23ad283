"""Endpoints of model servers: the sink governs its calls by its own target, and stays with it."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from broker.clock import SteadyClock
from broker.codec import Limits
from deploy.endpoints import Draft, Endpoints
from sinks.http_client import HttpClient
from sinks.inference_spec import InferenceSinkSpec, LimitSpec
from sinks.kinds import Supplies
from sinks.target_model import ModelTarget

MODEL = InferenceSinkSpec("default/m", "v1", "http://127.0.0.1:1", model="m")


@pytest.fixture
async def endpoints() -> AsyncIterator[Endpoints]:
    clock = SteadyClock()
    client = HttpClient(clock)
    made = Endpoints(lambda _: Supplies(clock, client), lambda: 0.5, clock.monotonic)
    yield made
    await made.close()
    await client.close()


async def test_all_who_use_a_model_share_the_target_that_its_sink_knows(
    endpoints: Endpoints,
) -> None:
    draft = Draft()

    first = endpoints.endpoint(draft, MODEL, Limits())
    second = endpoints.endpoint(draft, replace(MODEL), Limits())

    assert isinstance(first.target, ModelTarget)
    assert second == first


async def test_a_changed_model_begins_with_a_target_of_its_own(endpoints: Endpoints) -> None:
    draft, later = Draft(), Draft()
    before = endpoints.endpoint(draft, MODEL, Limits())
    endpoints.take(draft, 0.0)
    changed = replace(MODEL, limits=LimitSpec(max_in_flight=4))

    same = endpoints.endpoint(later, MODEL, Limits())
    other = endpoints.endpoint(later, changed, Limits())

    assert same == before
    assert other.target is not before.target
