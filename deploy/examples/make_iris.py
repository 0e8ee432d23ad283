"""Makes iris.csv and iris.onnx: `python deploy/examples/make_iris.py [FOLDER]`.

The data is the file that scikit-learn packages; the model is a softmax regression, fitted
here by gradient descent from zero, so that each run gives the same weights. Needs the
development packages `onnx` and `scikit-learn`.
"""

import csv
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

COLUMNS = ("sepal_length", "sepal_width", "petal_length", "petal_width")
STEPS = 4_000
LEARNING_RATE = 0.5

Matrix = NDArray[np.float64]


def read_iris() -> tuple[Matrix, list[str]]:
    """Measures float64[150, 4] in centimetres, and the species of each row."""
    text = (files("sklearn") / "datasets" / "data" / "iris.csv").read_text(encoding="ascii")
    header, *rows = list(csv.reader(text.splitlines()))
    species = header[2:]
    measures = np.array([[float(value) for value in row[:4]] for row in rows])
    return measures, [species[int(row[4])] for row in rows]


def write_csv(path: Path, measures: Matrix, species: list[str]) -> None:
    with path.open("w", encoding="ascii", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow((*COLUMNS, "species"))
        for row, name in zip(measures.tolist(), species, strict=True):
            writer.writerow((*row, name))


def fit(measures: Matrix, classes: NDArray[np.int64]) -> tuple[Matrix, Matrix]:
    """Weights [4, 3] and biases [3] for unscaled measures."""
    mean, deviation = measures.mean(axis=0), measures.std(axis=0)
    scaled = (measures - mean) / deviation
    wanted = np.eye(3)[classes]
    weights, biases = np.zeros((4, 3)), np.zeros(3)
    for _ in range(STEPS):
        scores = scaled @ weights + biases
        chances = np.exp(scores - scores.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        error = (chances - wanted) / len(measures)
        weights -= LEARNING_RATE * (scaled.T @ error)
        biases -= LEARNING_RATE * error.sum(axis=0)
    unscaled: Matrix = weights / deviation[:, None]
    return unscaled, biases - mean @ unscaled


def model(weights: Matrix, biases: Matrix, species: list[str]) -> onnx.ModelProto:
    """measures float[n, 4] → probabilities float[n, 3], label int64[n], species string[n]."""
    names = numpy_helper.from_array(np.array(species, dtype=object), "names")
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["measures", "weights"], ["products"]),
            helper.make_node("Add", ["products", "biases"], ["scores"]),
            helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1),
            helper.make_node("ArgMax", ["probabilities"], ["label"], axis=1, keepdims=0),
            helper.make_node("Gather", ["names", "label"], ["species"], axis=0),
        ],
        "iris",
        [helper.make_tensor_value_info("measures", TensorProto.FLOAT, ["n", 4])],
        [
            helper.make_tensor_value_info("label", TensorProto.INT64, ["n"]),
            helper.make_tensor_value_info("species", TensorProto.STRING, ["n"]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 3]),
        ],
        [
            numpy_helper.from_array(weights.astype(np.float32), "weights"),
            numpy_helper.from_array(biases.astype(np.float32), "biases"),
            names,
        ],
    )
    opset = helper.make_opsetid("", 17)
    made = helper.make_model(graph, producer_name="headrace", opset_imports=[opset], ir_version=8)
    onnx.checker.check_model(made)
    return made


def make(folder: Path) -> None:
    """Write both files into `folder`."""
    measures, species = read_iris()
    names = sorted(set(species))
    classes = np.array([names.index(each) for each in species], dtype=np.int64)
    weights, biases = fit(measures, classes)
    write_csv(folder / "iris.csv", measures, species)
    (folder / "iris.onnx").write_bytes(model(weights, biases, names).SerializeToString())


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
