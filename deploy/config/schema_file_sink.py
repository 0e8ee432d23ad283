"""The schema of `kind: FileSink`."""

from typing import Annotated

from deploy.config.mistakes import InvalidValue
from deploy.config.schema_parts import Resource, Size, Text
from deploy.config.shapes import Judge, Shape


def _file_path(text: str) -> str:
    if "\0" in text:
        raise InvalidValue("cannot be the name of a file", remedy="write a path without NUL")
    return text


class FileSinkFields(Shape):
    path: Annotated[Text, Judge(_file_path)]
    rotate_bytes: Size | None = None


class FileSinkResource(Resource):
    spec: FileSinkFields
