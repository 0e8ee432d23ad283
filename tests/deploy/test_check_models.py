"""Trying models before they run: is it there, and does it take what the sink makes?"""

from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from broker.clock import SteadyClock
from deploy.models.trial import try_models
from deploy.trial import Trial
from sinks.inference_spec import InferenceSinkSpec, OverflowSpec, ReplySpec
from tests.servers.ports import free_ports
from tests.sinks.inference.peers.kserve import KServe
from tests.sinks.inference.peers.v2_servers import Triton
from tests.sinks.inference.peers.wire import Asked, Said, speaking
from tests.sinks.server import SinkServer

IRIS = Path(__file__).parents[2] / "deploy" / "examples" / "iris.onnx"
NAMES = ["a", "b", "c", "d"]
Listen = Callable[[Callable[[Asked], Said]], Any]


@pytest.fixture
async def listen() -> AsyncIterator[Listen]:
    """Gives the URL of a peer that answers so."""
    servers = []

    async def start(answer: Callable[[Asked], Said]) -> str:
        server = SinkServer(speaking(answer))
        await server.start()
        servers.append(server)
        return f"http://127.0.0.1:{server.port}"

    yield start
    for server in servers:
        await server.close()


def columns(tensor: str, names: list[str]) -> Mapping[str, Any]:
    return {"columns": {"names": names, "tensor": tensor, "datatype": "FP32"}}


async def tried(*specs: InferenceSinkSpec) -> list[tuple[str, str]]:
    """Name, and what was found or what is wrong."""
    told: list[Trial] = []
    await try_models(specs, SteadyClock(), told.append)
    return [(one.name, one.found if one.failure is None else one.failure.what) for one in told]


async def test_a_model_that_is_there_is_told_by_name(listen: Listen) -> None:
    url = await listen(KServe().answer)

    (one,) = await tried(InferenceSinkSpec("default/iris", "v1", url, model="iris"))

    assert one == ("default/iris", "kserve: model iris is ready")


async def test_a_model_that_sleeps_is_not_ready(listen: Listen) -> None:
    url = await listen(KServe(models={"iris": False}).answer)

    ((_, what),) = await tried(InferenceSinkSpec("default/iris", "v1", url, model="iris"))

    assert "/v1/models/iris answered 503" in what


async def test_where_nobody_listens_that_is_said() -> None:
    url = f"http://127.0.0.1:{free_ports(1)[0]}"

    ((_, what),) = await tried(InferenceSinkSpec("default/iris", "v1", url, model="iris"))

    assert "refused" in what


@pytest.mark.parametrize(
    ("written", "found"),
    [
        (columns("X", NAMES), "takes X FP32 [-1, 4], as spec.input gives it"),
        (columns("Y", NAMES), "the model has no input Y"),
        (columns("X", NAMES[:3]), "columns names 3 fields, X takes 4"),
    ],
)
async def test_a_wrong_shape_is_found_before_the_first_event(
    listen: Listen, written: Mapping[str, Any], found: str
) -> None:
    url = await listen(Triton().answer)

    ((_, what),) = await tried(
        InferenceSinkSpec("default/iris", "v2", url, input=written, model="iris")
    )

    assert found in what


async def test_a_model_of_this_process_is_loaded() -> None:
    spec = InferenceSinkSpec("default/iris", "onnx", IRIS.as_uri(), columns("measures", NAMES))
    gone = InferenceSinkSpec("default/gone", "onnx", "file:gone.onnx")

    (_, not_there), (_, there) = await tried(spec, gone)

    assert there.startswith("loaded; takes measures FP32 [-1, 4]")
    assert "gone.onnx cannot be loaded" in not_there


async def test_where_large_replies_go_is_tried_too(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("no folder")
    here, nowhere = (
        InferenceSinkSpec(
            "default/iris",
            "onnx",
            IRIS.as_uri(),
            columns("measures", NAMES),
            reply=ReplySpec(overflow=OverflowSpec(f"file:{tmp_path}/{name}")),
        )
        for name in ("large", "taken")
    )

    (_, good), (_, bad) = await tried(here, nowhere)

    assert good.endswith("large replies can be stored")
    assert "the folder cannot be made" in bad
