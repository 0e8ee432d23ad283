"""What a configuration says of a FileBatch: frozen values with the defaults of every option."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Format = Literal["csv", "jsonl", "json", "parquet", "arrow", "text", "images", "zip", "manifest"]
Compression = Literal["none", "gzip", "zstd"]
OutputFormat = Literal["csv", "jsonl", "json", "parquet"]

RECORD_BYTES_MAX = 1024 * 1024
PAYLOAD_BYTES_MAX = 6 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class S3Keys:
    """Keys to sign with; `session_token` is that of temporary ones."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class S3Access:
    """Where the buckets are. No `keys`: requests are unsigned; nothing is read from elsewhere."""

    endpoint: str  # https://host[:port]
    region: str = "us-east-1"
    keys: S3Keys | None = None
    is_path_style: bool = True


@dataclass(frozen=True, slots=True)
class MatchSpec:
    """Which files become jobs. `settle_seconds` None: 2 of a folder, 0 of a bucket."""

    prefix: str = ""
    glob: str = ""  # none: all
    bytes_min: int = 1
    bytes_max: int | None = None
    settle_seconds: float | None = None
    marker: Literal["none", "ready", "success"] = "none"
    on_overwrite: Literal["rerun", "ignore"] = "rerun"
    ignores_outputs: bool = True


@dataclass(frozen=True, slots=True)
class CsvSpec:
    """`delimiter` None: a tab in .tsv and .tab, else a comma. `quote` "": there are no quotes.

    `header` None: the first record is one unless a cell of it is a number. `encoding` None: by
    the byte order mark, UTF-8 without. Cells that equal one of `null_values` are null.
    """

    delimiter: str | None = None
    quote: str = '"'
    header: bool | None = None
    encoding: str | None = None
    null_values: tuple[str, ...] = ("",)


@dataclass(frozen=True, slots=True)
class ImageSpec:
    """What is sent of an image: its bytes, these as base64, or a tensor of its pixels.

    Of a tensor: `resize` is (width, height), None as it is; `channels` 1 grey, 3 RGB, 4 RGBA.
    """

    decode: Literal["bytes", "base64", "tensor"] = "bytes"
    resize: tuple[int, int] | None = None
    channels: int = 3


@dataclass(frozen=True, slots=True)
class ReadSpec:
    """`format` and `compression` None: by suffix, then by content. `columns` (): all."""

    format: Format | None = None
    compression: Compression | None = None
    csv: CsvSpec = CsvSpec()
    columns: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    key_field: str | None = None
    images: ImageSpec = ImageSpec()
    record_bytes_max: int = RECORD_BYTES_MAX


@dataclass(frozen=True, slots=True)
class CallSpec:
    """How records are sent. None: `batch_size` is found by trying, no limit of calls per second.

    `payload_bytes_max` of records as JSON, a longer record goes alone; rows that a model in this
    process takes by column are not written as JSON, and go as many as `batch_size` says.
    `binary`: whether tensors of v2 go raw; auto: as those of the sink's other callers.
    """

    batch_size: int | None = 64
    payload_bytes_max: int = PAYLOAD_BYTES_MAX
    bisects: bool = True
    binary: Literal["auto", "true", "false"] = "auto"
    calls_at_once: int = 2
    rate_per_second: float | None = None
    timeout_seconds: float = 600.0
    retries: int = 3


@dataclass(frozen=True, slots=True)
class WriteSpec:
    """Where results go and in which form.

    `bucket` None and `prefix` None: beside the input. `format` None: as the input, JSON lines
    where that cannot hold results (images, zip, text). The filters name what is kept of the input
    and of a prediction: names of fields, or JSONPaths; (): all. `guards_formulas`: text that is
    new to a CSV and that a spreadsheet would run gets an apostrophe in front.
    """

    bucket: str | None = None
    prefix: str | None = None
    name: str = "{name}.predictions.{ext}"
    format: OutputFormat | None = None
    join: Literal["input", "none", "key"] = "input"
    order: Literal["input", "completion"] = "input"
    input_filter: tuple[str, ...] = ()
    output_filter: tuple[str, ...] = ()
    guards_formulas: bool = True


@dataclass(frozen=True, slots=True)
class FailureSpec:
    """`errors_max_share` of the records from the hundredth on, or `errors_max` of them at all."""

    on_record_error: Literal["write", "skip", "fail"] = "write"
    errors_max_share: float | None = 0.10
    errors_max: int | None = None
    keeps_error_body: bool = True


@dataclass(frozen=True, slots=True)
class ProgressSpec:
    """An event at every `share` of the file, no sooner than `every_seconds` after the last.

    So many chunks, of 1,024 records at most, are written and noted together: with more there are
    fewer and larger parts, and more is done again where a process dies.
    """

    share: float = 0.05
    every_seconds: float = 10.0
    checkpoint_chunks: int = 1
    emit: Literal["file", "records", "both"] = "file"

    @property
    def tells_job(self) -> bool:
        """Whether there are events of what becomes of it."""
        return self.emit != "records"

    @property
    def tells_records(self) -> bool:
        """Whether there is an event for each record with a prediction."""
        return self.emit != "file"


@dataclass(frozen=True, slots=True)
class LimitsSpec:
    """`share`: the part of the sink that a job may use while live events wait."""

    deadline_seconds: float | None = None
    records_max: int | None = None
    share: float = 0.25


@dataclass(frozen=True, slots=True)
class FileBatchSpec:
    """`kind: FileBatch`. `sink` is the InferenceSink's namespace/name."""

    name: str  # namespace/name
    sink: str
    root: str = ""  # the folder that local paths are below; "" where files are only in buckets
    s3: S3Access | None = None
    match: MatchSpec = MatchSpec()
    read: ReadSpec = ReadSpec()
    call: CallSpec = CallSpec()
    write: WriteSpec = WriteSpec()
    failure: FailureSpec = FailureSpec()
    progress: ProgressSpec = ProgressSpec()
    limits: LimitsSpec = LimitsSpec()
    written: Mapping[str, Any] = field(default_factory=dict)  # `read` and `write` as configured
