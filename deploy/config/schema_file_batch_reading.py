"""The schema of a FileBatch's `match` and `read`: which files, and what is read of them."""

from collections.abc import Sequence
from typing import Annotated, Literal

from deploy.config.file_batch_values import (
    ImageSize,
    encoding_or_auto,
    field_sign,
    glob_text,
    header_or_auto,
    image_size,
    quote_sign,
)
from deploy.config.mistakes import InvalidValue
from deploy.config.schema_parts import Seconds, Size, Text
from deploy.config.shapes import Bounds, Judge, Read, Shape
from deploy.config.sources.s3 import KeyPart
from sinks.file_batch.spec import RECORD_BYTES_MAX, CsvSpec, ImageSpec, MatchSpec, ReadSpec

RECORD_BYTES_MOST = 64 * 1024 * 1024
NAMES_MAX = 10_000

Columns = Annotated[Sequence[Text], Bounds(0, NAMES_MAX)]


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


def match_spec(fields: MatchFields) -> MatchSpec:
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


def read_spec(fields: ReadFields) -> ReadSpec:
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
