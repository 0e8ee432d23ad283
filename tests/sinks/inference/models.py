"""Small ONNX models, made when a test needs one."""

from pathlib import Path

from onnx import NodeProto, TensorProto, helper


def save(
    path: Path,
    nodes: list[NodeProto],
    inputs: dict[str, tuple[int, list[int | str]]],
    outputs: dict[str, tuple[int, list[int | str]]],
) -> Path:
    """Write a model; inputs and outputs are name: (element type, shape)."""
    graph = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info(name, *kind) for name, kind in inputs.items()],
        [helper.make_tensor_value_info(name, *kind) for name, kind in outputs.items()],
    )
    opset = helper.make_opsetid("", 17)
    path.write_bytes(
        helper.make_model(graph, opset_imports=[opset], ir_version=8).SerializeToString()
    )
    return path


def doubling(path: Path, rows: int | str = "n") -> Path:
    """x float[rows, 2] → y = x + x."""
    shape: list[int | str] = [rows, 2]
    node = helper.make_node("Add", ["x", "x"], ["y"])
    return save(path, [node], {"x": (TensorProto.FLOAT, shape)}, {"y": (TensorProto.FLOAT, shape)})


def logarithm(path: Path) -> Path:
    """x float[n, 2] → y = log x: NaN below zero, -inf at it."""
    node = helper.make_node("Log", ["x"], ["y"])
    kind = (TensorProto.FLOAT, ["n", 2])
    return save(path, [node], {"x": kind}, {"y": kind})  # type: ignore[dict-item]


def picking(path: Path) -> Path:
    """x float[n, 2], at int64[n] → y = x[at]: fails for the whole batch by one bad index."""
    node = helper.make_node("Gather", ["x", "at"], ["y"], axis=0)
    return save(
        path,
        [node],
        {"x": (TensorProto.FLOAT, ["n", 2]), "at": (TensorProto.INT64, ["n"])},
        {"y": (TensorProto.FLOAT, ["n", 2])},
    )


def summing(path: Path) -> Path:
    """x float[n, 2] → y float[1, 2], the sum over all rows: no answer per record."""
    node = helper.make_node("ReduceSum", ["x"], ["y"], keepdims=1)
    kind = (TensorProto.FLOAT, ["n", 2])
    return save(path, [node], {"x": kind}, {"y": (TensorProto.FLOAT, [1, 1])})  # type: ignore[dict-item]


def endless(path: Path) -> Path:
    """x float[n, 2] → y: adds x to itself for minutes."""
    iteration = helper.make_tensor_value_info("i", TensorProto.INT64, [])
    going = helper.make_tensor_value_info("going", TensorProto.BOOL, [])
    still = helper.make_tensor_value_info("still", TensorProto.BOOL, [])
    before = helper.make_tensor_value_info("before", TensorProto.FLOAT, ["n", 2])
    after = helper.make_tensor_value_info("after", TensorProto.FLOAT, ["n", 2])
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["going"], ["still"]),
            helper.make_node("Add", ["before", "before"], ["after"]),
        ],
        "body",
        [iteration, going, before],
        [still, after],
    )
    times = helper.make_node(
        "Constant",
        [],
        ["times"],
        value=helper.make_tensor("times", TensorProto.INT64, [], [1_000_000_000]),
    )
    loop = helper.make_node("Loop", ["times", "", "x"], ["y"], body=body)
    kind = (TensorProto.FLOAT, ["n", 2])
    return save(path, [times, loop], {"x": kind}, {"y": kind})  # type: ignore[dict-item]
