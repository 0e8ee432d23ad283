"""Shapes that a resource may have, written as classes: what `shape_reader` reads values into.

Own and small: a general validator takes longer to import than all else that a start needs.
"""

from collections.abc import Callable, Mapping
from inspect import get_annotations
from typing import Any, ClassVar, NamedTuple


class Read(NamedTuple):
    """In `Annotated`: the field is what `of` makes of the value; it raises InvalidValue."""

    of: Callable[[Any], Any]


class Judge(NamedTuple):
    """In `Annotated`: `of` gives a value of the right type back, or raises InvalidValue."""

    of: Callable[[Any], Any]


class Bounds(NamedTuple):
    """In `Annotated`: of a number, or of how many items a list has."""

    least: int
    most: int | None = None


class Field(NamedTuple):
    name: str
    kind: Any  # the annotation


class Shape:
    """A mapping of known fields, in camelCase in YAML; a class attribute is a field's default.

    `vars` of an instance are the fields that were given, under their names here.
    """

    fields_by_key: ClassVar[Mapping[str, Field]] = {}

    def __init_subclass__(cls) -> None:
        own = {camel_case(name): Field(name, kind) for name, kind in get_annotations(cls).items()}
        cls.fields_by_key = {**cls.fields_by_key, **own}

    def __init__(self, **given: Any) -> None:
        vars(self).update(given)

    def judge(self) -> None:
        """For shapes whose fields depend on each other: raises InvalidValue."""

    def as_written(self) -> dict[str, Any]:
        """The fields that were given, under the names they have in YAML."""
        return {
            key: _as_written(vars(self)[field.name])
            for key, field in self.fields_by_key.items()
            if field.name in vars(self)
        }


def camel_case(name: str) -> str:
    """`max_in_flight` to `maxInFlight`."""
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def _as_written(value: Any) -> Any:
    if isinstance(value, Shape):
        return value.as_written()
    return [_as_written(item) for item in value] if isinstance(value, list) else value
