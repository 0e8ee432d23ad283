"""Where in JSON data a value lies: a JSON Pointer, or the plain part of JSONPath.

Pointers (RFC 6901) find one value. Paths that begin with `$` (RFC 9535) may find several;
names, indexes and wildcards are read, filters, slices and `..` are refused when compiled.
"""

import re

from broker.errors import Invalid

_STEP = re.compile(
    r"\.(?P<name>[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)|\[(?P<index>-?[0-9]{1,9})\]"
    r"|\['(?P<single>[^'\\]*)'\]|\[\"(?P<double>[^\"\\]*)\"\]|(?P<all>\.\*|\[\*\])"
)
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


class DataPath:
    """A compiled path; `is_single` is false where it may find several values."""

    def __init__(self, text: str) -> None:
        self.text = text
        if text.startswith("$"):
            self._steps = _path_steps(text)
            self.is_single = None not in self._steps
        elif not text or text.startswith("/"):
            self._steps = tuple(
                part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]
            )
            self.is_single = True
        else:
            raise _unreadable(text)

    @property
    def keys(self) -> tuple[str, ...] | None:
        """The steps, where each is the name of a member; None where one is not."""
        names = tuple(step for step in self._steps if isinstance(step, str))
        return names if len(names) == len(self._steps) else None

    def find(self, value: object) -> list[object]:
        """All values at this path, in their order; empty where there is none."""
        found = [value]
        for step in self._steps:
            found = [inner for outer in found for inner in _inner(outer, step)]
        return found

    def each(self, value: object) -> list[object]:
        """As `find`, but at least one. Raises Invalid(code="missing-field")."""
        return self.find(value) or [self.one(value)]

    def one(self, value: object) -> object:
        """The value at this path. Raises Invalid(code="missing-field") where none is."""
        found = self.find(value)
        if not found:
            raise Invalid(
                f"there is nothing at {self.text!r}",
                code="missing-field",
                where="data",
                remedy="send the field, or correct the path in the sink",
            )
        return found[0] if self.is_single else found


def _path_steps(text: str) -> tuple[str | int | None, ...]:
    steps: list[str | int | None] = []
    position = 1
    while position < len(text):
        step = _STEP.match(text, position)
        if step is None:
            raise _unreadable(text)
        position = step.end()
        if step["all"]:
            steps.append(None)
        elif step["index"]:
            steps.append(int(step["index"]))
        else:
            named = (step[name] for name in ("name", "single", "double"))
            steps.append(next(name for name in named if name is not None))
    return tuple(steps)


def _inner(value: object, step: str | int | None) -> list[object]:
    """What one step finds in one value; a pointer's digits are an index into an array."""
    if isinstance(value, dict):
        if step is None:
            return list(value.values())
        return [value[step]] if step in value else []
    if not isinstance(value, list):
        return []
    if step is None:
        return list(value)
    if isinstance(step, str):
        if not _INDEX.fullmatch(step):
            return []
        step = int(step)
    return [value[step]] if -len(value) <= step < len(value) else []


def _unreadable(text: str) -> Invalid:
    return Invalid(
        f"{text!r} is no path",
        code="invalid-path",
        remedy='write a JSON Pointer ("", /a/0) or a JSONPath of names, indexes and * ($.a[*])',
    )
