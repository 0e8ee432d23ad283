"""Where an InferenceSink stores large replies, as its configuration says it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from broker.errors import Invalid
from deploy.config.mistakes import InvalidValue, dotted
from deploy.config.urls import file_url

if TYPE_CHECKING:  # imported only where a configuration names a bucket
    from sinks.file_batch.spec import S3Access

_REMEDY = "write file:replies/, file:///srv/replies/ or s3://bucket/prefix/"


def overflow_url(text: str) -> str:
    """`text` itself, if it is the URL of a folder or of a prefix in a bucket."""
    if text.startswith("file:"):
        file_url(text, Path("/"))
        return text
    if not text.startswith("s3://"):
        raise InvalidValue("is no URL of a folder or of a bucket", remedy=_REMEDY)
    from deploy.config.sources.s3 import bucket_name
    from sinks.file_batch.place import parse_place

    try:
        place = parse_place(f"{text.rstrip('/')}/x")
    except Invalid as error:
        raise InvalidValue("is no URL of a prefix in a bucket", remedy=_REMEDY) from error
    bucket_name(place.container)
    return text


def bucket_access(value: Any) -> "S3Access":
    """Endpoint, region and credentials, written as those of a FileBatch."""
    from deploy.config.schema_s3_access import S3AccessFields, s3_access
    from deploy.config.shape_reader import read_shape

    fields, problems = read_shape(S3AccessFields, value)
    for one in problems:
        where = f"{dotted(one.path)}: " if one.path else ""
        raise InvalidValue(f"is no access to a bucket: {where}{one.what}", remedy=one.remedy)
    assert fields is not None, "without problems there is all of it"
    return s3_access(fields)
