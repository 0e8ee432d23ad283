"""The example model of images: made by its script, and what it says of plain colours."""

import runpy
import time
from pathlib import Path

import orjson

import deploy
from broker.clock import SteadyClock
from broker.delivery import Delivered
from sinks.inference.onnx import OnnxSink
from sinks.spec import InferenceSinkSpec
from tests.sinks.making import a_delivery, an_event

EXAMPLES = Path(deploy.__file__).parent / "examples"


async def colours(model: Path, *pixels: tuple[int, int, int]) -> list[str]:
    spec = InferenceSinkSpec(
        "default/colours", "onnx", model.as_uri(), input={"instances": ""},
        output={"path": "/colour/0"},
    )  # fmt: skip
    sink = OnnxSink(spec, SteadyClock())
    data = [orjson.dumps([[list(pixel)] * 32] * 32) for pixel in pixels]
    deliveries = [a_delivery(an_event(each)) for each in data]
    outcomes = await sink.deliver(deliveries, time.monotonic() + 60)
    await sink.close()
    replies = [outcome.reply for outcome in outcomes if isinstance(outcome, Delivered)]
    return [orjson.loads(reply.data or b"") for reply in replies if reply is not None]


async def test_it_names_the_nearest_colour() -> None:
    found = await colours(EXAMPLES / "colours.onnx", (20, 0, 9), (250, 240, 10), (9, 9, 200))

    assert found == ["black", "yellow", "blue"]


async def test_the_script_makes_the_model_that_is_there(tmp_path: Path) -> None:
    made = runpy.run_path(str(EXAMPLES / "make_colours.py"))

    made["make"](tmp_path)

    assert await colours(tmp_path / "colours.onnx", (255, 0, 0), (1, 255, 1)) == ["red", "green"]
