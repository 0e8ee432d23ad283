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
    encoding_or_auto,
    field_or_path,
    field_sign,
    glob_text,
    header_or_auto,
    image_size,
    name_template,
    output_place,
    part_of_whole,
    quote_sign,
    share_or_count,
    share_or_seconds,
)
from deploy.config.mistakes import InvalidValue
from deploy.config.schema_parts import Name, PositiveSeconds, Rate, Resource, Seconds, Size, Text
from deploy.config.shapes import Bounds, Judge, Read, Shape
from deploy.config.sources.s3 import CredentialFields, Endpoint, KeyPart, Region
from sinks.file_batch.spec import (
    PAYLOAD_BYTES_MAX,
    RECORD_BYTES_MAX,
    CallSpec,
    CsvSpec,
    FailureSpec,
    FileBatchSpec,
    ImageSpec,
    LimitsSpec,
    MatchSpec,
    ProgressSpec,
    ReadSpec,
    S3Access,
    S3Keys,
    WriteSpec,
)
from sources.s3.options import aws_endpoint

RECORD_BYTES_MOST = 64 * 1024 * 1024
NAMES_MAX = 10_000
HASHED = frozenset({"read", "write"})

Share = Annotated[float, Read(part_of_whole)]
Columns = Annotated[Sequence[Text], Bounds(0, NAMES_MAX)]
Filters = Annotated[Sequence[Annotated[Text, Judge(field_or_path)]], Bounds(0, NAMES_MAX)]


class S3AccessFields(Shape):
    endpoint: Endpoint | None = None
    region: Region = "us-east-1"
    path_style: bool = True
    credentials: CredentialFields | None = None


class MatchFields(Shape):
    prefix: KeyPart = ""
    glob: Annotated[str, Judge(glob_text)] | None = None
    min_bytes: Size = 1
    max_bytes: Size | None = None
    settle: Seconds | None = None
    marker: Literal["none", "ready", "success"] = "none"
    on_overwrite: Literal["rerun", "ignore"] = "rerun"
    ignore_outputs: bool = True


class CsvFields(Shape):
    delimiter: Annotated[str, Judge(field_sign)] | None = None
    quote: Annotated[str, Judge(quote_sign)] = '"'
    header: Annotated[bool | None, Read(header_or_auto)] = None
    encoding: Annotated[str, Judge(encoding_or_auto)] = "auto"
    null_values: Annotated[Sequence[str], Bounds(0, 100)] = ("",)


class ImageFields(Shape):
    decode: Literal["bytes", "base64", "tensor"] = "bytes"
    resize: Annotated[ImageSize | None, Read(image_size)] = None
    channels: Literal[1, 3, 4] = 3

    def judge(self) -> None:
        if self.decode != "tensor" and {"resize", "channels"} & set(vars(self)):
            raise InvalidValue(
                "changes pixels and sends none", remedy="write decode: tensor, or remove the rest"
            )


class ReadFields(Shape):
    format: Literal[
        "auto", "csv", "jsonl", "json", "parquet", "arrow", "text", "images", "zip", "manifest"
    ] = "auto"
    compression: Literal["auto", "none", "gzip", "zstd"] = "auto"
    csv: CsvFields = CsvFields()
    columns: Columns = ()
    exclude: Columns = ()
    key_field: Text | None = None
    images: ImageFields = ImageFields()
    max_record_bytes: Size = RECORD_BYTES_MAX

    def judge(self) -> None:
        if self.max_record_bytes > RECORD_BYTES_MOST:
            raise InvalidValue("allows records that are too large", remedy="write at most 64Mi")
        if self.csv.delimiter is not None and self.csv.delimiter == self.csv.quote:
            raise InvalidValue("has a delimiter that is the quote", remedy="write another one")


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
            s3=_s3(fields.s3),
            match=_match(fields.match),
            read=_read(fields.read),
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


def _s3(fields: S3AccessFields | None) -> S3Access | None:
    if fields is None:
        return None
    given, keys = fields.credentials, None
    if given is not None:
        keys = S3Keys(given.access_key_id, given.secret_access_key, given.session_token or "")
    endpoint = fields.endpoint or aws_endpoint(fields.region)
    return S3Access(endpoint, fields.region, keys, fields.path_style)


def _match(fields: MatchFields) -> MatchSpec:
    return MatchSpec(
        prefix=fields.prefix,
        glob=fields.glob or "",
        bytes_min=fields.min_bytes,
        bytes_max=fields.max_bytes,
        settle_seconds=fields.settle,
        marker=fields.marker,
        on_overwrite=fields.on_overwrite,
        ignores_outputs=fields.ignore_outputs,
    )


def _read(fields: ReadFields) -> ReadSpec:
    csv = fields.csv
    return ReadSpec(
        format=None if fields.format == "auto" else fields.format,
        compression=None if fields.compression == "auto" else fields.compression,
        csv=CsvSpec(
            delimiter=csv.delimiter,
            quote=csv.quote,
            header=csv.header,
            encoding=None if csv.encoding == "auto" else csv.encoding,
            null_values=tuple(csv.null_values),
        ),
        columns=tuple(fields.columns),
        exclude=tuple(fields.exclude),
        key_field=fields.key_field,
        images=_images(fields.images),
        record_bytes_max=fields.max_record_bytes,
    )


def _images(fields: ImageFields) -> ImageSpec:
    size = fields.resize
    resize = None if size is None else (size.width, size.height)
    return ImageSpec(fields.decode, resize, fields.channels)


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
