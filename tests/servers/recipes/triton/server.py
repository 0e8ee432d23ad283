"""Triton, as pytriton starts it, with the models that tests ask for.

`server.py CSV AWAKE PORT GRPC_PORT`: the iris model is fitted to CSV at the start, and the model
`sleeping` is there once the file AWAKE exists. Triton takes PORT for HTTP and GRPC_PORT, and
its files go where temporary ones go.
"""

import csv
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, QueuePolicy, Tensor, TimeoutAction
from pytriton.triton import Triton, TritonConfig

QUEUE_MAX = 16  # requests; beyond, Triton refuses
BATCH_MAX = 8
GATHER_MICROSECONDS = 5_000
POLL_SECONDS = 0.05


def fit(path: str):
    """Weights [4, 3] and biases [3] of linear discriminants; the species sorted are 0, 1, 2."""
    with Path(path).open(newline="") as file:
        _, *rows = csv.reader(file)
    measures = np.array([row[:4] for row in rows], float)
    _, classes = np.unique([row[4] for row in rows], return_inverse=True)
    means = np.array([measures[classes == each].mean(axis=0) for each in range(3)])
    spread = np.linalg.inv(np.cov((measures - means[classes]).T))
    return spread @ means.T, -0.5 * np.einsum("ij,jk,ik->i", means, spread, means)


def classifier(path: str):
    weights, biases = fit(path)

    @batch
    def iris(measures):
        scores = measures @ weights + biases
        return [scores.argmax(axis=1).astype(np.int64)[:, None]]

    return iris


@batch
def slow(seconds):
    """Answers after as many seconds as the largest of its rows says."""
    time.sleep(float(seconds.max()))
    return [seconds]


@batch
def boom(seconds):
    raise RuntimeError("model exploded")


@batch
def echo(seconds):
    return [seconds]


def serve(triton: Triton, path: str, awake: Path) -> None:
    policy = QueuePolicy(max_queue_size=QUEUE_MAX, timeout_action=TimeoutAction.REJECT)
    batcher = DynamicBatcher(GATHER_MICROSECONDS, default_queue_policy=policy)
    config = ModelConfig(max_batch_size=BATCH_MAX, batcher=batcher)

    def bind(name, function, inputs, outputs) -> None:
        triton.bind(name, function, [inputs], [outputs], config=config)

    measures = Tensor(name="measures", dtype=np.float32, shape=(4,))
    seconds, rows = (
        Tensor(name=name, dtype=np.float32, shape=(1,)) for name in ("seconds", "rows")
    )
    bind("slow", slow, seconds, rows)
    bind("boom", boom, seconds, rows)
    label = Tensor(name="label", dtype=np.int64, shape=(1,))
    bind("iris", classifier(path), measures, label)  # the last, for it is the one that is probed
    triton.run()
    while not awake.exists():  # serve() ends the server over a model that is not there yet
        time.sleep(POLL_SECONDS)
    bind("sleeping", echo, seconds, rows)
    triton.serve()


if __name__ == "__main__":
    path, awake, http_port, grpc_port = sys.argv[1:]
    config = TritonConfig(
        http_address="127.0.0.1",
        http_port=int(http_port),
        grpc_address="127.0.0.1",
        grpc_port=int(grpc_port),
        allow_metrics=False,
    )
    serve(Triton(config=config, workspace=Path(tempfile.gettempdir(), "work")), path, Path(awake))
