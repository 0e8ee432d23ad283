"""Makes colours.onnx: `python deploy/examples/make_colours.py [FOLDER]`.

A model of images that can be checked by eye: which of six colours an image is nearest to, by the
mean of its pixels. Needs the development package `onnx`.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE_PIXELS = 32
COLOURS = {
    "black": (0, 0, 0),
    "white": (255, 255, 255),
    "red": (255, 0, 0),
    "green": (0, 255, 0),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0),
}


def model() -> onnx.ModelProto:
    """pixels float[n, 32, 32, 3] → colour string[n], mean float[n, 3].

    The nearest colour c of a mean m has the largest 2 c·m - c·c.
    """
    centres = np.array(list(COLOURS.values()), dtype=np.float32)
    names = np.array(list(COLOURS), dtype=object)
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["pixels"], ["mean"], axes=[1, 2], keepdims=0),
            helper.make_node("MatMul", ["mean", "weights"], ["products"]),
            helper.make_node("Add", ["products", "biases"], ["scores"]),
            helper.make_node("ArgMax", ["scores"], ["label"], axis=1, keepdims=0),
            helper.make_node("Gather", ["names", "label"], ["colour"], axis=0),
        ],
        "colours",
        [
            helper.make_tensor_value_info(
                "pixels", TensorProto.FLOAT, ["n", SIDE_PIXELS, SIDE_PIXELS, 3]
            )
        ],
        [
            helper.make_tensor_value_info("colour", TensorProto.STRING, ["n"]),
            helper.make_tensor_value_info("mean", TensorProto.FLOAT, ["n", 3]),
        ],
        [
            numpy_helper.from_array(2 * centres.T, "weights"),
            numpy_helper.from_array(-(centres**2).sum(axis=1), "biases"),
            numpy_helper.from_array(names, "names"),
        ],
    )
    opset = helper.make_opsetid("", 17)
    made = helper.make_model(graph, producer_name="headrace", opset_imports=[opset], ir_version=8)
    onnx.checker.check_model(made)
    return made


def make(folder: Path) -> None:
    """Write it into `folder`."""
    (folder / "colours.onnx").write_bytes(model().SerializeToString())


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
