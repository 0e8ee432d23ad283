"""Endpoints over a change: what is the same stays the same object, the rest is replaced whole."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from broker.clock import SteadyClock
from broker.codec import Limits
from broker.errors import Invalid, Unavailable
from deploy.endpoints import Draft, Endpoints, identity, stamp_of
from sinks.http_client import HttpClient
from sinks.kinds import Supplies
from sinks.sink import Sink
from sinks.spec import FileSinkSpec, HttpSinkSpec, InferenceSinkSpec, Signing
from triggers.enrolment import Endpoint

LIMITS = Limits()
A = HttpSinkSpec("http://a.example/in")


class World:
    def __init__(self) -> None:
        clock = SteadyClock()
        self.client = HttpClient(clock)
        self.now = 100.0
        self.endpoints = Endpoints(
            lambda limits: Supplies(clock, self.client, limits=limits),
            lambda: 0.5,
            lambda: self.now,
        )

    async def take(self, *specs: HttpSinkSpec | FileSinkSpec | InferenceSinkSpec) -> list[Endpoint]:
        draft = Draft()
        await draft.stamp(specs)
        found = [self.endpoints.endpoint(draft, spec, LIMITS) for spec in specs]
        await draft.open()
        self.endpoints.take(draft, 5.0)
        return found


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    yield made
    await made.endpoints.close()
    await made.client.close()


async def test_the_same_spec_keeps_its_sink_and_its_breaker(world: World) -> None:
    (before,) = await world.take(A)

    (after,) = await world.take(HttpSinkSpec("http://a.example/in"))

    assert (after.sink, after.target) == (before.sink, before.target)


async def test_another_secret_is_another_sink_behind_the_same_breaker(world: World) -> None:
    (before,) = await world.take(A)

    (after,) = await world.take(replace(A, signing=Signing("whsec_" + "QUFB" * 8)))

    assert after.sink is not before.sink
    assert after.target is before.target


async def test_a_draft_that_is_given_up_leaves_what_runs(world: World, tmp_path: Path) -> None:
    (before,) = await world.take(A)
    draft = Draft()
    world.endpoints.endpoint(draft, FileSinkSpec("default/f", str(tmp_path)), LIMITS)

    with pytest.raises(Unavailable, match="cannot be written"):
        await draft.open()
    await draft.discard()

    (after,) = await world.take(A)
    assert after.sink is before.sink


async def test_one_file_never_has_two_sinks(world: World, tmp_path: Path) -> None:
    spec = FileSinkSpec("default/f", str(tmp_path / "a.ndjson"))
    (before,) = await world.take(spec)

    (after,) = await world.take(replace(spec, name="default/g", rotate_bytes=10))

    assert after.sink is before.sink
    assert after.sink.name == "FileSink default/g"


async def test_what_is_out_of_use_is_closed_after_its_last_call(
    world: World, tmp_path: Path
) -> None:
    spec = FileSinkSpec("default/f", str(tmp_path / "a.ndjson"))
    (before,) = await world.take(spec)
    await world.take(A)

    left = []
    for seconds, in_use in ((4.0, {before.sink}), (2.0, {before.sink}), (0.0, set[Sink]())):
        world.now += seconds
        await world.endpoints.close_retired(in_use)
        left.append(len(world.endpoints.retired))

    assert left == [1, 1, 0]


async def test_what_comes_back_into_use_is_the_same_again(world: World, tmp_path: Path) -> None:
    spec = FileSinkSpec("default/f", str(tmp_path / "a.ndjson"))
    (before,) = await world.take(spec)
    await world.take(A)

    (after,) = await world.take(spec)
    world.now += 10.0
    await world.endpoints.close_retired(set())

    assert after.sink is before.sink
    assert world.endpoints.retired == []


def test_a_model_with_another_content_is_another_sink(tmp_path: Path) -> None:
    model = tmp_path / "iris.onnx"
    spec = InferenceSinkSpec("default/iris", "onnx", f"file:{model}")
    model.write_bytes(b"1")
    first = identity(spec, LIMITS, {spec.url: stamp_of(spec.url)})

    model.write_bytes(b"22")

    assert identity(spec, LIMITS, {spec.url: stamp_of(spec.url)}) != first


async def test_a_url_that_cannot_be_used_is_refused_before_anything_changes(world: World) -> None:
    with pytest.raises(Invalid):
        await world.take(HttpSinkSpec("ftp://a/"))

    (found,) = await world.take(A)
    assert found.sink.name == "http://a.example/in"
