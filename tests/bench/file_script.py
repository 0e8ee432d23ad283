"""The plain script that a file job is measured against: what one writes for one file.

It reads a CSV in chunks of 1,024, asks the model once for each, and writes the rows with their
species. Nothing is durable on the way, no bad row is expected, and after a death all begins anew.

    python -m tests.bench.file_script MODEL INPUT OUTPUT

Prints the seconds that it took without its imports, those of CPU, and its memory.
"""

import csv
import json
import sys
import time
from importlib import import_module
from itertools import islice
from typing import Any

import numpy

from tests.bench.machine import peak_resident_mb

CHUNK_RECORDS = 1_024


def predict_file(session: Any, source: str, output: str) -> None:
    with open(source, newline="") as given, open(output, "w", newline="") as made:
        reader, writer = csv.reader(given), csv.writer(made, lineterminator="\n")
        writer.writerow([*next(reader), "species"])
        while rows := list(islice(reader, CHUNK_RECORDS)):
            measures = numpy.array(rows, dtype=numpy.float32)
            (species,) = session.run(["species"], {"measures": measures})
            writer.writerows([*row, name] for row, name in zip(rows, species, strict=True))


def main() -> None:
    model, source, output = sys.argv[1:]
    runtime = import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1  # more would only spin on the one core of a bench
    session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    begun, cpu_begun = time.perf_counter(), time.process_time()
    predict_file(session, source, output)
    took = {
        "seconds": time.perf_counter() - begun,
        "cpu_seconds": time.process_time() - cpu_begun,
        "peak_rss_mb": peak_resident_mb(),
    }
    print(json.dumps(took))


if __name__ == "__main__":
    main()
