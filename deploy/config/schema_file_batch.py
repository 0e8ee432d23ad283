"""The schema of `kind: FileBatch`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from deploy.config.file_batch_values import (
    Every,
    ImageSize,
    Output,
    Tolerance,
    batch_size_or_auto,
    field_or_path,
    name_template,
    output_place,
    part_of_whole,
    share_or_count,
    share_or_seconds,
)
from deploy.config.mistakes import InvalidValue
from deploy.config.schema_file_batch_reading import (
    NAMES_MAX,
    MatchFields,
    ReadFields,
    match_spec,
    read_spec,
)
from deploy.config.schema_parts import Name, PositiveSeconds, Rate, Resource, Size, Text
from deploy.config.schema_s3_access import S3AccessFields, s3_access
from deploy.config.shapes import Bounds, Judge, Read, Shape
from sinks.file_batch.spec import (
    PAYLOAD_BYTES_MAX,
    CallSpec,
    FailureSpec,
    FileBatchSpec,
    LimitsSpec,
    ProgressSpec,
    WriteSpec,
)

HASHED = frozenset({"read", "write"})

Share = Annotated[float, Read(part_of_whole)]
Filters = Annotated[Sequence[Annotated[Text, Judge(field_or_path)]], Bounds(0, NAMES_MAX)]


class CallFields(Shape):
    batch_size: Annotated[int | None, Read(batch_size_or_auto)] = 64
    max_payload_bytes: Size = PAYLOAD_BYTES_MAX
    bisect: bool = True
    binary: Literal["auto", True, False] = "auto"
    concurrency: Annotated[int, Bounds(1, 1_000)] = 2
    rate: Rate = None
    timeout: PositiveSeconds = 600.0
    retries: Annotated[int, Bounds(0, 100)] = 3


class WriteFields(Shape):
    output: Annotated[Output, Read(output_place)] = Output(None, None)
    name: Annotated[Text, Judge(name_template)] = "{name}.predictions.{ext}"
    format: Literal["same", "csv", "jsonl", "json", "parquet"] = "same"
    join: Literal["input", "none", "key"] = "input"
    order: Literal["input", "completion"] = "input"
    input_filter: Filters = ()
    output_filter: Filters = ()
    guard_formulas: bool = True


class FailureFields(Shape):
    on_record_error: Literal["write", "skip", "fail"] = "write"
    max_errors: Annotated[Tolerance, Read(share_or_count)] = Tolerance(0.10, None)
    error_body: bool = True


class ProgressFields(Shape):
    every: Annotated[Every, Read(share_or_seconds)] = Every(0.05, 10.0)
    checkpoint_every: Annotated[int, Bounds(1, 1_000)] = 1
    emit: Literal["file", "records", "both"] = "file"


class LimitFields(Shape):
    deadline: PositiveSeconds | None = None
    max_records: Annotated[int, Bounds(1)] | None = None
    share: Share = 0.25


class FileBatchFields(Shape):
    sink: Name
    root: Text | None = None
    s3: S3AccessFields | None = None
    match: MatchFields = MatchFields()
    read: ReadFields = ReadFields()
    call: CallFields = CallFields()
    write: WriteFields = WriteFields()
    failure: FailureFields = FailureFields()
    progress: ProgressFields = ProgressFields()
    limits: LimitFields = LimitFields()

    def judge(self) -> None:
        if self.root is None and self.s3 is None:
            raise InvalidValue(
                "reaches no file", remedy="write root: for a folder, s3: for buckets, or both"
            )


class FileBatchResource(Resource):
    spec: FileBatchFields

    def file_batch(self, folder: Path) -> FileBatchSpec:
        """`folder` is that of the configuration: a relative root is below it."""
        fields, namespace = self.spec, self.metadata.namespace
        return FileBatchSpec(
            name=f"{namespace}/{self.metadata.name}",
            sink=f"{namespace}/{fields.sink}",
            root=str(folder / fields.root) if fields.root else "",
            s3=None if fields.s3 is None else s3_access(fields.s3),
            match=match_spec(fields.match),
            read=read_spec(fields.read),
            call=_call(fields.call),
            write=_write(fields.write),
            failure=FailureSpec(
                on_record_error=fields.failure.on_record_error,
                errors_max_share=fields.failure.max_errors.share,
                errors_max=fields.failure.max_errors.records,
                keeps_error_body=fields.failure.error_body,
            ),
            progress=ProgressSpec(
                share=fields.progress.every.share,
                every_seconds=fields.progress.every.seconds,
                checkpoint_chunks=fields.progress.checkpoint_every,
                emit=fields.progress.emit,
            ),
            limits=LimitsSpec(
                deadline_seconds=fields.limits.deadline,
                records_max=fields.limits.max_records,
                share=fields.limits.share,
            ),
            written=_written(fields),
        )


def _call(fields: CallFields) -> CallSpec:
    return CallSpec(
        batch_size=fields.batch_size,
        payload_bytes_max=fields.max_payload_bytes,
        bisects=fields.bisect,
        binary=_binary(fields),
        calls_at_once=fields.concurrency,
        rate_per_second=fields.rate,
        timeout_seconds=fields.timeout,
        retries=fields.retries,
    )


def _binary(fields: CallFields) -> Literal["auto", "true", "false"]:
    if fields.binary == "auto":
        return "auto"
    return "true" if fields.binary else "false"


def _write(fields: WriteFields) -> WriteSpec:
    return WriteSpec(
        bucket=fields.output.bucket,
        prefix=fields.output.prefix,
        name=fields.name,
        format=None if fields.format == "same" else fields.format,
        join=fields.join,
        order=fields.order,
        input_filter=tuple(fields.input_filter),
        output_filter=tuple(fields.output_filter),
        guards_formulas=fields.guard_formulas,
    )


def _written(fields: FileBatchFields) -> dict[str, Any]:
    """What the id of a job hangs on: no credentials, and nothing about pace."""
    written = {name: value for name, value in fields.as_written().items() if name in HASHED}
    if isinstance(found := written.get("write", {}).get("output"), Output):
        written["write"]["output"] = found._asdict()
    if isinstance(size := written.get("read", {}).get("images", {}).get("resize"), ImageSize):
        written["read"]["images"]["resize"] = size._asdict()
    return written
