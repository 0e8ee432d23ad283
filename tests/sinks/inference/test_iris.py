"""The example model: made by its script, and what it says of the data it was made from."""

import csv
import runpy
import time
from pathlib import Path

import orjson

import deploy
from broker.clock import SteadyClock
from broker.delivery import Delivered
from sinks.inference.onnx import OnnxSink
from sinks.inference_spec import BatchSpec
from sinks.spec import InferenceSinkSpec
from tests.sinks.making import a_delivery, an_event

EXAMPLES = Path(deploy.__file__).parent / "examples"
NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]


def rows() -> list[dict[str, str]]:
    with (EXAMPLES / "iris.csv").open(encoding="ascii") as file:
        return list(csv.DictReader(file))


async def species(model: Path) -> list[str]:
    spec = InferenceSinkSpec(
        "default/iris",
        "onnx",
        model.as_uri(),
        input={"columns": {"names": NAMES, "tensor": "measures", "datatype": "FP32"}},
        output={"path": "/species/0"},
        batch=BatchSpec(max_records=150),
    )
    sink = OnnxSink(spec, SteadyClock())
    data = [orjson.dumps({name: float(row[name]) for name in NAMES}) for row in rows()]
    deliveries = [a_delivery(an_event(each)) for each in data]
    outcomes = await sink.deliver(deliveries, time.monotonic() + 60)
    await sink.close()
    replies = [outcome.reply for outcome in outcomes if isinstance(outcome, Delivered)]
    return [orjson.loads(reply.data or b"") for reply in replies if reply is not None]


async def test_the_example_model_knows_its_flowers() -> None:
    found = await species(EXAMPLES / "iris.onnx")

    right = [row["species"] == each for row, each in zip(rows(), found, strict=True)]
    assert sum(right) >= 145


async def test_the_script_makes_the_shipped_files_again(tmp_path: Path) -> None:
    script = runpy.run_path(str(EXAMPLES / "make_iris.py"))

    script["make"](tmp_path)

    made = (tmp_path / "iris.csv").read_bytes()
    assert made == (EXAMPLES / "iris.csv").read_bytes()
    assert await species(tmp_path / "iris.onnx") == await species(EXAMPLES / "iris.onnx")
