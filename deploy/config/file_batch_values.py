"""How people write the values of a FileBatch that no other kind has."""

import re
from typing import Any, NamedTuple

from broker.errors import Invalid
from deploy.config.mistakes import InvalidValue
from deploy.config.quantities import duration_seconds
from deploy.config.sources.s3 import bucket_name
from sinks.file_batch.names import expand
from sinks.file_batch.place import checked_path
from sinks.file_batch.plain import codec_name
from sinks.inference.path import DataPath
from sources.globs import Glob

_SIZE = re.compile(r"([1-9]\d{0,3})x([1-9]\d{0,3})", re.ASCII)
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,3})?) ?%", re.ASCII)


IMAGE_SIDE_MAX = 4_096


class Tolerance(NamedTuple):
    """One of them: a part of the records, or so many."""

    share: float | None
    records: int | None


class Every(NamedTuple):
    share: float
    seconds: float


class ImageSize(NamedTuple):
    """In pixels."""

    width: int
    height: int


class Output(NamedTuple):
    bucket: str | None
    prefix: str | None


def share_or_count(value: Any) -> Tolerance:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return Tolerance(None, value)
    return Tolerance(_share_of(value, "write a count, or a part of the records such as 10%"), None)


def share_or_seconds(value: Any) -> Every:
    if isinstance(value, str) and value.startswith("P"):
        return Every(0.0, duration_seconds(value))
    return Every(_share_of(value, "write a part of the file such as 5%, or PT10S"), 0.0)


def _share_of(value: Any, remedy: str) -> float:
    match = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    if match is None or float(match[1]) > 100:
        raise InvalidValue("is no such part", remedy=remedy)
    return float(match[1]) / 100


def part_of_whole(value: Any) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 < value <= 1:
        raise InvalidValue("is no part of a whole", remedy="write a number such as 0.25, up to 1")
    return float(value)


def batch_size_or_auto(value: Any) -> int | None:
    if value == "auto":
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 10_000:
        raise InvalidValue("is no size of a batch", remedy="write 1 to 10000, or auto")
    return value


def image_size(value: Any) -> ImageSize:
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None or max(sides := (int(match[1]), int(match[2]))) > IMAGE_SIDE_MAX:
        raise InvalidValue(
            "is no size of an image",
            remedy=f"write width x height in pixels, such as 224x224, up to {IMAGE_SIDE_MAX} each",
        )
    return ImageSize(*sides)


def header_or_auto(value: Any) -> bool | None:
    if value != "auto" and not isinstance(value, bool):
        raise InvalidValue("is none of the known values", remedy="write auto, true or false")
    return None if value == "auto" else value


def encoding_or_auto(text: str) -> str:
    try:
        return text if text == "auto" else codec_name(text)
    except Invalid as error:
        raise InvalidValue(error.what, remedy=error.remedy) from error


def field_sign(text: str) -> str:
    """A delimiter or a quote; any that a number or a name may hold would cut them."""
    if len(text) != 1 or not text.isascii() or text.isalnum() or text in ' \r\n\0.-+_"[]{}':
        raise InvalidValue("cannot divide fields", remedy='write one character such as ",", ";"')
    return text


def quote_sign(text: str) -> str:
    return text if text in ("", '"') else field_sign(text)


def glob_text(text: str) -> str:
    try:
        Glob(text)
    except Invalid as error:
        raise InvalidValue(error.what, remedy=error.remedy) from error
    return text


def name_template(text: str) -> str:
    try:
        expand(text, "iris.csv", "csv")
    except Invalid as error:
        raise InvalidValue("cannot tell outputs from inputs", remedy=error.remedy) from error
    return text


def field_or_path(text: str) -> str:
    if text.startswith("$"):
        try:
            DataPath(text)
        except Invalid as error:
            raise InvalidValue("is no JSONPath", remedy=error.remedy) from error
    return text


def output_place(value: Any) -> Output:
    remedy = "write beside, {prefix: out/} or {bucket: results}"
    if value == "beside":
        return Output(None, None)
    if not isinstance(value, dict) or not value or set(value) - {"prefix", "bucket"}:
        raise InvalidValue("is no place for results", remedy=remedy)
    if not all(isinstance(given, str) for given in value.values()):
        raise InvalidValue("has something else than text in it", remedy=remedy)
    try:
        if "prefix" in value:
            checked_path(value["prefix"])
    except Invalid as error:
        raise InvalidValue("has a prefix that leads nowhere", remedy=remedy) from error
    if "bucket" in value:
        bucket_name(value["bucket"])
    return Output(value.get("bucket"), value.get("prefix"))
