"""Shapes that a resource may have, as classes; and reading plain values into them.

Own and small, because a general validator takes longer to import than all else that a start
needs. Strict: no unknown fields, no conversions but those a field asks for.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from inspect import get_annotations
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, TypeVar, Union, get_args, get_origin

from deploy.config.explanations import missing, one_of, shown_type
from deploy.config.mistakes import InvalidValue, PathInDocument, did_you_mean


class Read(NamedTuple):
    """In `Annotated`: the field is what `of` makes of the value; it raises InvalidValue."""

    of: Callable[[Any], Any]


class Judge(NamedTuple):
    """In `Annotated`: `of` gives the value of the right type back, or raises InvalidValue."""

    of: Callable[[Any], Any]


class Bounds(NamedTuple):
    """In `Annotated`: of a number, or of the items of a list."""

    least: int = 0
    most: int | None = None


class Field(NamedTuple):
    name: str
    kind: Any  # the annotation


class Shape:
    """A mapping with known fields, camelCase in YAML; a class attribute is a field's default.

    `vars` of an instance are the fields that were given, under their names here.
    """

    fields_by_key: ClassVar[Mapping[str, Field]] = {}

    def __init_subclass__(cls) -> None:
        fields = dict(cls.fields_by_key)
        for name, kind in get_annotations(cls).items():
            fields[camel_case(name)] = Field(name, kind)
        cls.fields_by_key = fields

    def __init__(self, **given: Any) -> None:
        vars(self).update(given)

    def judge(self) -> None:
        """For shapes whose fields depend on each other: raises InvalidValue."""

    def as_written(self) -> dict[str, Any]:
        """The fields that were given, under the names they have in YAML."""
        return {
            key: _as_written(getattr(self, field.name))
            for key, field in self.fields_by_key.items()
            if field.name in vars(self)
        }


S = TypeVar("S", bound=Shape)


class Problem(NamedTuple):
    """What is wrong at `path`; with `of_value` the text continues a sentence on the value."""

    path: PathInDocument
    what: str
    remedy: str
    of_value: bool = False
    of_key: bool = False


class _Refused(Exception):
    """There is no value to go on with; why is among the problems."""


def read_shape(shape: type[S], value: Any) -> tuple[S | None, list[Problem]]:
    """`value` as `shape`, and all that is wrong with it.

    Where there are problems the shape is made of the rest, None where that is too little.
    """
    reader = _Reader()
    with suppress(_Refused):
        return reader.read_shape(shape, value, ()), reader.problems
    return None, reader.problems


class _Reader:
    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def read_shape(self, shape: type[S], value: Any, path: PathInDocument) -> S:
        if not isinstance(value, dict):
            raise self._wrong_type(value, path, "a mapping")
        problems_before = len(self.problems)
        made = shape(**self._fields(shape, value, path))
        if any(not hasattr(made, field.name) for field in shape.fields_by_key.values()):
            raise _Refused
        try:
            made.judge()
        except InvalidValue as error:
            # Of what is left after a mistake nothing more is said: it may be the mistake's.
            if len(self.problems) == problems_before:
                self._invalid(error, path)
            raise _Refused from error
        return made

    def _fields(
        self, shape: type[Shape], value: dict[str, Any], path: PathInDocument
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, item in value.items():
            field = shape.fields_by_key.get(key)
            if field is None:
                remedy = did_you_mean(key, shape.fields_by_key)
                self._note((*path, key), "is no known field", remedy, of_key=True)
                continue
            with suppress(_Refused):
                found[field.name] = self._value(field.kind, item, (*path, key))
        for key, field in shape.fields_by_key.items():
            if key not in value and not hasattr(shape, field.name):
                self._note((*path, key), "is missing", missing(key))
        return found

    def _value(self, kind: Any, value: Any, path: PathInDocument) -> Any:
        origin = get_origin(kind)
        if origin is None:
            return self._plain(kind, value, path)
        if origin is Annotated:
            return self._annotated(kind, value, path)
        if origin is Union or origin is UnionType:
            present = next(choice for choice in get_args(kind) if choice is not NoneType)
            return None if value is None else self._value(present, value, path)
        if origin is Literal:
            if value not in get_args(kind):
                remedy = one_of(get_args(kind))
                raise self._refuse(path, "is none of the known values", remedy, of_value=True)
            return value
        return self._items(kind, value, path)

    def _plain(self, kind: Any, value: Any, path: PathInDocument) -> Any:
        if kind is Any:
            return value
        if issubclass(kind, Shape):
            return self.read_shape(kind, value, path)
        # A bool is an int to Python, and not to people.
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self._wrong_type(value, path, _WANTED[kind])
        return value

    def _items(self, kind: Any, value: Any, path: PathInDocument) -> Any:
        """A list or mapping: all of its items, or nothing of it."""
        item_kind = get_args(kind)[-1]
        container: type = dict if get_origin(kind) is Mapping else list
        if not isinstance(value, container):
            raise self._wrong_type(value, path, _WANTED[container])
        problems_before = len(self.problems)
        found: list[tuple[Any, Any]] = []
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            with suppress(_Refused):
                found.append((key, self._value(item_kind, item, (*path, key))))
        if len(self.problems) > problems_before:
            raise _Refused
        return dict(found) if container is dict else [item for _, item in found]

    def _annotated(self, annotated: Any, value: Any, path: PathInDocument) -> Any:
        kind, *notes = get_args(annotated)
        if not any(isinstance(note, Read) for note in notes):
            value = self._value(kind, value, path)
        for note in notes:
            try:
                value = self._bounded(note, value, path) if isinstance(note, Bounds) else (
                    note.of(value)
                )
            except InvalidValue as error:
                self._invalid(error, path)
                raise _Refused from error
        return value

    def _bounded(self, bounds: Bounds, value: Any, path: PathInDocument) -> Any:
        is_list = isinstance(value, list)
        size = len(value) if is_list else value
        if size < bounds.least:
            what, remedy = "has too few items" if is_list else "is too small", "at least"
            raise self._refuse(path, what, f"write {remedy} {bounds.least}", of_value=True)
        if bounds.most is not None and size > bounds.most:
            what, remedy = "has too many items" if is_list else "is too large", "at most"
            raise self._refuse(path, what, f"write {remedy} {bounds.most}", of_value=True)
        return value

    def _wrong_type(self, value: Any, path: PathInDocument, wanted: str) -> _Refused:
        what = f"is {shown_type(value)} instead of {wanted}"
        return self._refuse(path, what, f"write {wanted}")

    def _invalid(self, error: InvalidValue, path: PathInDocument) -> None:
        self._note(path, error.what, error.remedy or "mend it", of_value=True)

    def _refuse(
        self, path: PathInDocument, what: str, remedy: str, *, of_value: bool = False
    ) -> _Refused:
        self._note(path, what, remedy, of_value=of_value)
        return _Refused()

    def _note(
        self,
        path: PathInDocument,
        what: str,
        remedy: str,
        *,
        of_value: bool = False,
        of_key: bool = False,
    ) -> None:
        self.problems.append(Problem(path, what, remedy, of_value, of_key))
