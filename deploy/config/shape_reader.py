"""A plain value into a shape, strictly: all that is wrong with it is noted, the rest taken.

No unknown fields, and no conversions but those that a field asks for.
"""

from collections.abc import Mapping
from contextlib import suppress
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin

from deploy.config.explanations import example_of, one_of, type_shown, type_wanted
from deploy.config.mistakes import InvalidValue, PathInDocument, did_you_mean
from deploy.config.shapes import Bounds, Read, Shape

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
    """`value` as `shape`, and the problems with it.

    Where there are some the shape is made of the rest; None where that is too little.
    """
    reader = _Reader()
    with suppress(_Refused):
        return reader.read(shape, value, ()), reader.problems
    return None, reader.problems


class _Reader:
    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def read(self, shape: type[S], value: Any, path: PathInDocument) -> S:
        if not isinstance(value, dict):
            raise self._of_wrong_type(value, dict, path)
        count_before = len(self.problems)
        made = shape(**self._fields(shape, value, path))
        if not all(hasattr(made, field.name) for field in shape.fields_by_key.values()):
            raise _Refused
        try:
            made.judge()
        except InvalidValue as error:
            # After a mistake within it nothing is said of the whole: it may be the mistake's.
            if len(self.problems) == count_before:
                self._note_invalid(error, path)
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
                self.problems.append(
                    Problem((*path, key), "is no known field", remedy, of_key=True)
                )
                continue
            with suppress(_Refused):
                found[field.name] = self._value(field.kind, item, (*path, key))
        for key, field in shape.fields_by_key.items():
            if key not in value and not hasattr(shape, field.name):
                self.problems.append(
                    Problem((*path, key), "is missing", f"add it{example_of(key)}")
                )
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
                remedy = f"write {one_of(get_args(kind))}"
                raise self._refuse(path, "is none of the known values", remedy, of_value=True)
            return value
        return self._items(kind, value, path)

    def _plain(self, kind: Any, value: Any, path: PathInDocument) -> Any:
        if kind is Any:
            return value
        if issubclass(kind, Shape):
            return self.read(kind, value, path)
        # A bool is an int to Python, but not to people.
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self._of_wrong_type(value, kind, path)
        return value

    def _items(self, kind: Any, value: Any, path: PathInDocument) -> Any:
        """A list or mapping of values of one kind: all of them, or nothing of it."""
        container = dict if get_origin(kind) is Mapping else list
        if not isinstance(value, container):
            raise self._of_wrong_type(value, container, path)
        item_kind = get_args(kind)[-1]
        count_before = len(self.problems)
        found: dict[Any, Any] = {}
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            with suppress(_Refused):
                found[key] = self._value(item_kind, item, (*path, key))
        if len(self.problems) > count_before:
            raise _Refused
        return found if isinstance(value, dict) else list(found.values())

    def _annotated(self, kind: Any, value: Any, path: PathInDocument) -> Any:
        plain, *notes = get_args(kind)
        if not any(isinstance(note, Read) for note in notes):
            value = self._value(plain, value, path)
        for note in notes:
            if isinstance(note, Bounds):
                self._check_bounds(note, value, path)
                continue
            try:
                value = note.of(value)
            except InvalidValue as error:
                self._note_invalid(error, path)
                raise _Refused from error
        return value

    def _check_bounds(self, bounds: Bounds, value: Any, path: PathInDocument) -> None:
        is_list = isinstance(value, list)
        size = len(value) if is_list else value
        if size < bounds.least:
            what = "has too few items" if is_list else "is too small"
            raise self._refuse(path, what, f"write at least {bounds.least}", of_value=True)
        if bounds.most is not None and size > bounds.most:
            what = "has too many items" if is_list else "is too large"
            raise self._refuse(path, what, f"write at most {bounds.most}", of_value=True)

    def _of_wrong_type(self, value: Any, wanted: type, path: PathInDocument) -> _Refused:
        named = type_wanted(wanted)
        return self._refuse(path, f"is {type_shown(value)} instead of {named}", f"write {named}")

    def _note_invalid(self, error: InvalidValue, path: PathInDocument) -> None:
        self.problems.append(Problem(path, error.what, error.remedy or "mend it", of_value=True))

    def _refuse(
        self, path: PathInDocument, what: str, remedy: str, *, of_value: bool = False
    ) -> _Refused:
        self.problems.append(Problem(path, what, remedy, of_value))
        return _Refused()
