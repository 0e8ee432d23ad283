"""`kind: FileBatch` in YAML: every option with its default, and what is refused."""

from pathlib import Path

import pytest
import yaml

from deploy.config.schema_file_batch import FileBatchResource
from deploy.config.shape_reader import read_shape
from sinks.file_batch.spec import FileBatchSpec, ImageSpec, S3Access, S3Keys

EVERY_OPTION = """
sink: iris
root: incoming
s3:
  endpoint: http://127.0.0.1:9000
  region: eu-1
  credentials: {accessKeyId: key, secretAccessKey: secret}
match: {prefix: in/, glob: "**/*.csv", minBytes: 10, maxBytes: 10Gi, settle: PT5S, marker: ready,
        onOverwrite: ignore, ignoreOutputs: false}
read:
  format: csv
  compression: gzip
  csv: {delimiter: ";", quote: "'", header: true, encoding: latin-1, nullValues: [NA]}
  columns: [a, b]
  exclude: [c]
  keyField: id
  images: {decode: tensor, resize: 32x24, channels: 1}
  maxRecordBytes: 64Ki
call: {batchSize: auto, maxPayloadBytes: 1Mi, bisect: false, binary: true, concurrency: 4,
       rate: 10/s, timeout: PT1M, retries: 0}
write: {output: {bucket: results, prefix: out/}, name: "{stem}.scored.{ext}", format: parquet,
        join: key, order: completion, inputFilter: [a], outputFilter: [$.label],
        guardFormulas: false}
failure: {onRecordError: skip, maxErrors: 5, errorBody: false}
progress: {every: 10%, checkpointEvery: 16, emit: both}
limits: {deadline: PT2H, maxRecords: 1000000, share: 0.5}
"""


def read(text: str) -> tuple[FileBatchSpec | None, list[str]]:
    """The spec, and where each mistake is."""
    written = {
        "apiVersion": "headrace.dev/v1",
        "kind": "FileBatch",
        "metadata": {"name": "iris-files"},
        "spec": yaml.safe_load(text),
    }
    found, problems = read_shape(FileBatchResource, written)
    spec = found.file_batch(Path("/conf")) if found is not None and not problems else None
    return spec, [".".join(map(str, problem.path[1:])) for problem in problems]


def as_spec(text: str) -> FileBatchSpec:
    spec, mistakes = read(text)
    assert spec is not None, mistakes
    return spec


def test_without_options_a_file_batch_has_the_defaults() -> None:
    spec = as_spec("{sink: iris, root: in}")

    assert spec == FileBatchSpec("default/iris-files", "default/iris", root="/conf/in")


def test_every_option_is_read() -> None:
    spec = as_spec(EVERY_OPTION)

    defaults = FileBatchSpec("default/iris-files", "default/iris")
    same = [
        f"{group}.{name}"
        for group in ("match", "read", "call", "write", "failure", "progress", "limits")
        for name in type(getattr(spec, group)).__dataclass_fields__
        if getattr(getattr(spec, group), name) == getattr(getattr(defaults, group), name)
    ]
    assert same == []
    assert spec.read.images == ImageSpec("tensor", (32, 24), 1)
    assert spec.s3 == S3Access("http://127.0.0.1:9000", "eu-1", S3Keys("key", "secret"))


def test_a_secret_is_in_no_text_and_no_jobs_id() -> None:
    spec = as_spec(EVERY_OPTION)

    assert "'secret'" not in repr(spec)
    assert set(spec.written) == {"read", "write"}


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("{sink: iris}", ""),
        ("{root: in}", "sink"),
        ("{sink: iris, root: in, read: {csv: {delimiter: ab}}}", "read.csv.delimiter"),
        ('{sink: iris, root: in, read: {csv: {delimiter: "-"}}}', "read.csv.delimiter"),
        ("{sink: iris, root: in, read: {csv: {encoding: rot13}}}", "read.csv.encoding"),
        ("{sink: iris, root: in, read: {csv: {header: 1}}}", "read.csv.header"),
        ("{sink: iris, root: in, read: {maxRecordBytes: 1Gi}}", "read"),
        ("{sink: iris, root: in, read: {images: {decode: pixels}}}", "read.images.decode"),
        ("{sink: iris, root: in, read: {images: {channels: 1}}}", "read.images"),
        (
            "{sink: iris, root: in, read: {images: {decode: tensor, resize: 9000x9}}}",
            "read.images.resize",
        ),
        ("{sink: iris, root: in, call: {batchSize: 0}}", "call.batchSize"),
        ("{sink: iris, root: in, write: {output: elsewhere}}", "write.output"),
        ("{sink: iris, root: in, write: {output: {prefix: ../x}}}", "write.output"),
        ("{sink: iris, root: in, write: {output: {bucket: UP_}}}", "write.output"),
        ('{sink: iris, root: in, write: {name: "{name}"}}', "write.name"),
        ("{sink: iris, root: in, write: {outputFilter: [$..a]}}", "write.outputFilter.0"),
        ("{sink: iris, root: in, failure: {maxErrors: 200%}}", "failure.maxErrors"),
        ("{sink: iris, root: in, failure: {maxErrors: -1}}", "failure.maxErrors"),
        ("{sink: iris, root: in, progress: {every: often}}", "progress.every"),
        ("{sink: iris, root: in, limits: {share: 2}}", "limits.share"),
        ("{sink: iris, root: in, match: {glob: a//b}}", "match.glob"),
    ],
)
def test_what_cannot_be_meant_is_refused_where_it_stands(text: str, where: str) -> None:
    spec, mistakes = read(text)

    assert spec is None
    assert mistakes == [where]
